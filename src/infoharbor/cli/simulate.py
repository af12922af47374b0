"""`infoharbor simulate`: a network of organisations in one process, with every fault that the seed brings."""

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from infoharbor.cli.output import AsJson, Failure, answer, fails_clearly, progress
from infoharbor.edgekit.story import Story
from infoharbor.kernel.registry import installed_registry
from infoharbor.sdk.telling import stories_of
from infoharbor.simulation.checks import SENTENCES
from infoharbor.simulation.faults import Fault, Plan
from infoharbor.simulation.history import Result
from infoharbor.simulation.history import simulate as run_history
from infoharbor.simulation.shrinking import ORGANISATIONS_LEAST, shrunk

ORGANISATIONS_MOST = 16
HISTORIES_MOST = 1_000_000
BLOCKS_MOST = 1_000_000


@fails_clearly
def simulate(
    *,
    organisations: Annotated[int, Parameter(validator=Number(gte=ORGANISATIONS_LEAST, lte=ORGANISATIONS_MOST))] = 4,
    seed: int = 1,
    blocks: Annotated[int, Parameter(validator=Number(gte=1, lte=BLOCKS_MOST))] = 8,
    histories: Annotated[int, Parameter(validator=Number(gte=1, lte=HISTORIES_MOST))] = 1,
    story: Annotated[list[str] | None, Parameter(negative=())] = None,
    without: Annotated[list[Fault] | None, Parameter(negative=())] = None,
    as_json: AsJson = False,
) -> None:
    """Run a whole network in one process, with faults, and check what must hold. 在单个进程内模拟整个网络及其故障。

    The same seed gives the same history. One in which something does not hold is made smaller, and how to run it again is
    printed; the exit code is then 1. 相同种子得到相同的历史。发现规则不成立时，会缩小案例并输出重现命令，返回 1。

    Parameters
    ----------
    organisations
        How many keep the ledger; less than a third of them are hostile. 维护账本的机构数；其中不足三分之一为恶意方。
    seed
        What everything follows from: messages late, lost and twice, partitions, crashes, clocks, lies.
        随机种子，决定消息延迟、丢失与重复、分区、崩溃、时钟偏差和欺骗行为。
    blocks
        How many blocks are decided at least while faults go on. 故障期间至少完成的区块数。
    histories
        So many histories, with this seed and those that follow it. 运行的次数，种子依次递增。
    story
        A contract whose story is told beside the random load, after those that it needs; may be given again.
        随机负载之外加演其故事的合约（先演其所依赖的）；可重复指定。
    without
        A kind of fault to leave out; may be given again. 排除的故障类型；可重复指定。
    """
    told = _stories(story or [])
    plan = Plan(seed, organisations, blocks, frozenset(Fault) - set(without or ()), stories=tuple(story or ()))
    results: list[Result] = []
    with progress("simulate 模拟", histories) as done:
        for number in range(histories):
            results.append(run_history(plan._replace(seed=seed + number), told))
            done(number + 1)
            if results[-1].violation is not None:
                results[-1] = shrunk(results[-1], told)
                break
    described = [_described(result) for result in results]
    answer({"histories": described}, as_json=as_json, text="\n".join(map(_line, results)))
    if results[-1].violation is not None:
        raise SystemExit(1)


def _stories(names: Sequence[str]) -> list[Story]:
    """These contracts' stories and those that they need, in the order in which they can be told."""
    known = {story.contract: story for story in stories_of(installed_registry())}
    for name in names:
        if name not in known:
            raise Failure("cli.story_unknown", "--story", ", ".join(sorted(known)))
    wanted, open_names = set(names), list(names)
    while open_names:
        fresh = set(known[open_names.pop()].needs) - wanted
        wanted |= fresh
        open_names += sorted(fresh)
    return [story for name, story in known.items() if name in wanted]


def _described(result: Result) -> dict[str, Any]:
    plan, violation = result.plan, result.violation
    return {
        "seed": plan.seed,
        "organisations": plan.organisations,
        "hostile": plan.hostile_count,
        "faults": sorted(plan.faults),
        "stories": list(plan.stories),
        "blocks": result.blocks,
        "transactions": result.transactions,
        "milliseconds": result.milliseconds,
        "history": result.digest,
        "violation": None if violation is None else {"rule": violation.rule, "what": violation.what},
        "again": _command(plan),
    }


def _line(result: Result) -> str:
    plan, violation = result.plan, result.violation
    line = (
        f"seed 种子 {plan.seed}: {result.blocks} blocks 区块, {result.transactions} transactions 交易, "
        f"{result.milliseconds / 1000:.1f} s simulated 模拟秒, history 历史 {result.digest[:16]}"
    )
    if violation is None:
        return f"{line}; all that must hold held 各项规则均成立"
    english, chinese = SENTENCES[violation.rule]
    return f"{line}\n{english} {chinese}\n{violation}\nagain 重现: {_command(plan)}"


def _command(plan: Plan) -> str:
    """What runs this history again."""
    left_out = [f"--without {fault}" for fault in Fault if fault not in plan.faults]
    stories = [f"--story {story}" for story in plan.stories]
    size = f"--organisations {plan.organisations} --seed {plan.seed} --blocks {plan.blocks}"
    return " ".join(["infoharbor simulate", size, *stories, *left_out])
