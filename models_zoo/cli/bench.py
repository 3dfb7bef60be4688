"""bench: networks beside other runtimes, training and counting beside plain PyTorch."""

from __future__ import annotations

import argparse
import os
from typing import Any

HELP = "Compare networks, training and counting with what others do."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what the command takes."""
    parser.add_argument("--quick", action="store_true", help="four networks only, in two minutes")
    parser.add_argument(
        "--masks", metavar="DATA", help="only how masks agree with float32's, such as camvid:PATH"
    )


def run(options: argparse.Namespace) -> dict[str, Any]:
    """A table of networks, and two ratios, each measured in one run."""
    if options.masks:
        return {"masks": _masks(options.masks)}
    networks = _networks(quick=options.quick)
    if options.quick:
        return {"networks": networks}
    from models_zoo.bench.ratios import counting_ratio, training_ratio

    counting, training = counting_ratio(), training_ratio()
    print(f"training throughput beside a plain loop    {training['ratio']:5.2f} (at least 2.0)")
    print(f"confusion counts beside torchmetrics       {counting['ratio']:5.1f} (at least 20)")
    return {"networks": networks, "training": training, "counting": counting}


def _networks(*, quick: bool) -> list[dict[str, Any]]:
    from models_zoo.bench.networks import OURS, rows
    from models_zoo.bench.peers import PEERS, installed

    if missing := PEERS.keys() - installed().keys():
        print(f"left out, not installed: {', '.join(sorted(missing))}")
    names = [OURS, *installed(), "predict"]
    print(f"milliseconds; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    print(" " * 30 + "".join(f"{name:>18}" for name in (*names, "ours/best", "predict/ours", "MB")))
    measured = []
    for row in rows(quick=quick):
        figures = [row["milliseconds"].get(name) for name in names]
        cells = ["left out" if value is None else f"{value:.1f}" for value in figures]
        cells += [f"{row['ratio']:.2f}", f"{row['predict_ratio']:.2f}"]
        cells.append(f"{row['memory_bytes'] / 1e6:.0f}")
        title = f"{row['architecture']} {row['variant']}"
        print(f"{title:30}" + "".join(f"{cell:>18}" for cell in cells), flush=True)
        measured.append(row)
    return measured


def _masks(data: str) -> list[dict[str, Any]]:
    from models_zoo.bench.masks import agreements

    measured = []
    for row in agreements(data):
        print(
            f"{row['key']:34} {row['runtime']} {row['precision']}  same pixels "
            f"{row['same']:.4f}  mIoU {row['miou']:.4f}, in fp32 {row['miou_fp32']:.4f}",
            flush=True,
        )
        measured.append(row)
    return measured
