"""Print a Markdown table of base against head from the JSON files of pytest-benchmark in a folder."""

import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path

NOTICEABLE = 0.1


def typical_times(folder: Path, side: str) -> dict[str, float]:
    """Seconds per benchmark: the median over turns of each turn's fastest round."""
    fastest: dict[str, list[float]] = defaultdict(list)
    for file in sorted(folder.glob(f"{side}-*.json")):
        for benchmark in json.loads(file.read_text())["benchmarks"]:
            fastest[benchmark["fullname"]].append(benchmark["stats"]["min"])
    return {name: statistics.median(times) for name, times in fastest.items()}


def main() -> None:
    folder = Path(sys.argv[1])
    base, head = typical_times(folder, "base"), typical_times(folder, "head")
    print("| benchmark | base, ms | head, ms | head / base | |")
    print("|---|---:|---:|---:|---|")
    for name in sorted(base | head):
        cells = [f"{side[name] * 1e3:.3f}" if name in side else "" for side in (base, head)]
        ratio, remark = "", "only in head" if name in head else "only in base"
        if name in base and name in head:
            change = head[name] / base[name]
            ratio = f"{change:.2f}"
            remark = "slower" if change > 1 + NOTICEABLE else "faster" if change < 1 - NOTICEABLE else ""
        print(f"| `{name}` | {cells[0]} | {cells[1]} | {ratio} | {remark} |")
    print(f"\nA remark means a difference above {NOTICEABLE:.0%}; on shared machines less is noise.")


if __name__ == "__main__":
    main()
