"""`infoharbor network add-witness`: an outside witness that a node shows the ledger to."""

from contextlib import closing
from pathlib import Path

from infoharbor.cli.local_network import DEFAULT_DIR, NetworkDir, NetworkFolder
from infoharbor.cli.output import AsJson, Data, answer, fails_clearly
from infoharbor.engine.attester import AttesterKeys, has_attester
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.reader import open_reader
from infoharbor.engine.witness import add_witness as name_witness
from infoharbor.evidence.attesters import verifier_keys
from infoharbor.evidence.checkpoint import origin_of


@fails_clearly
def add_witness(
    name: str,
    key: str,
    address: str,
    *,
    data: Data | None = None,
    directory: NetworkDir = DEFAULT_DIR,
    as_json: AsJson = False,
) -> None:
    """Let a witness that others run (C2SP tlog-witness) cosign how the ledger grows. 由外部见证方签署账本的增长。

    Each member shows it the ledger under an origin of its own, so that a faulty one harms nobody else. Give the witness's
    operator what this prints. A node that runs notices by itself.
    每个成员以各自的来源名向其出示账本，互不影响。请将输出内容交给见证方的运营者；运行中的节点会自动生效。

    Parameters
    ----------
    name
        What trust files call the witness. 信任文件中该外部见证方的名称。
    key
        Its verifier key, as its operator gives it: NAME+ID+KEY. 其验证密钥，由其运营方提供。
    address
        Where it answers, without /add-checkpoint. 其服务地址，不含 /add-checkpoint。
    data
        The data folder of one node; without it, all nodes of the trial network in `--dir`.
        单个节点的数据目录；未指定时为 `--dir` 中试验网络的全部节点。
    """
    folders = [data] if data is not None else _nodes_in(directory)
    logs = []
    for folder in folders:
        name_witness(DataFolder(folder).witnesses, name, key, address)
        logs += _submitted_by(folder)
    lines = [f"log 日志 {log}" for log in logs]
    text = "\n".join([f"witness 见证方 {name} {address}", "give its operator 请交给其运营方:", *lines])
    answer({"witness": name, "logs": logs}, as_json=as_json, text=text)


def _nodes_in(directory: Path) -> list[Path]:
    folder = NetworkFolder(directory)
    return [folder.data(node.name) for node in folder.layout().nodes]


def _submitted_by(data: Path) -> list[str]:
    """The verifier key, named by the member's own origin, by which the witness knows what this node shows it; none if the
    node attests nothing yet."""
    folder = DataFolder(data)
    if not has_attester(folder.keys):
        return []
    with closing(open_reader(data)) as reader:
        origin = origin_of(reader.genesis.name, reader.chain.id)
    public = AttesterKeys.read(folder.keys).public(ConsensusHome(data).config().name)
    return [verifier_keys(origin, public).submission.encode()]
