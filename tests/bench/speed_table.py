"""The table of docs/speed.md from what compare.py --json wrote; of a net that was measured more than once the last counts.

    python tests/bench/speed_table.py speed.jsonl [more.jsonl]
"""

import json
import math
import sys


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def main():
    rows, machines = {}, []
    for path in sys.argv[1:]:
        with open(path) as lines:
            for line in map(json.loads, lines):
                if "machine" in line:
                    machines.append(line["machine"])
                else:
                    rows[line["net"]] = line
    for m in machines:
        limits = f", {m['gflops']:.0f} GFLOP/s in f32, {m['gbytes']:.0f} GB/s" if "gflops" in m else ""
        print(f"{m['date']}, {m['device']}{limits}, torch {m['torch']}: `compare.py {m['command']}`")
    modes = list(dict.fromkeys(mode for row in rows.values() for mode in row["ms_median"]))
    print("\n| net | batch | " + " | ".join(modes) + " | PyTorch's fastest / our faster |")
    print("|" + "---|" * (len(modes) + 3))
    for net, row in rows.items():
        times = [f"{row['ms_median'][m]:.2f}" if m in row["ms_median"] else "–" for m in modes]
        print(f"| {net} | {row['batch']} | " + " | ".join(times)
              + f" | **{row['ratio_of_medians']:.2f}** ({row['ratio_of_minima']:.2f}) |")
    medians, minima = ([row[key] for row in rows.values()] for key in ("ratio_of_medians", "ratio_of_minima"))
    print(f"\nGeometric mean of {len(rows)} nets: {geometric_mean(medians):.2f} ({geometric_mean(minima):.2f})")


if __name__ == "__main__":
    main()
