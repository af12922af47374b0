"""The organisations that play in every demo, and the story of how they come onto the ledger."""

from infoharbor.edgekit.cast import Player

PLAYERS = (
    Player("wuzhou-tea-cooperative", "梧州茶农合作社（示例）", "Wuzhou Tea Growers' Cooperative (example)", "CN", "uscc", "93999999DEM000014A"),
    Player("liubao-processor", "六堡茶加工厂（示例）", "Liubao Tea Works (example)", "CN", "uscc", "91999999DEM000022B"),
    Player("nanning-exporter", "南宁出口商（示例）", "Nanning Exports (example)", "CN", "uscc", "91999999DEM0000306"),
    Player("pingxiang-carrier", "凭祥承运人（示例）", "Pingxiang Carriers (example)", "CN", "uscc", "91999999DEM0000493"),
    Player("hanoi-importer", "Nhà nhập khẩu Hà Nội (ví dụ)", "Hanoi Imports (example)", "VN", "lei", "DEMO00HANOIIMPORT154"),
    Player("guangxi-certifier", "广西认证机构（示例）", "Guangxi Certification Body (example)", "CN", "uscc", "12999999DEM0000573"),
    Player("hanoi-certifier", "Tổ chức chứng nhận Hà Nội (ví dụ)", "Hanoi Certification Body (example)", "VN", "registry", "DEMO-0002"),
    Player("harbor-bank", "信港银行（示例）", "Harbour Bank (example)", "CN", "lei", "DEMO00HARBORBANK0184"),
)  # fmt: skip
"""Region code 999999 and prefix DEMO are allotted to nobody, so these numbers are right in form and name no one."""
