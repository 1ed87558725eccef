"""The SLURM files start the right commands, and go back into the queue when their time is over.

There is no SLURM here: ``srun``, ``scontrol``, ``scancel``, ``torchrun`` and ``humor-train`` are stand-ins
that write down how they were called. What ``sbatch`` itself makes of the options is not tested.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

CLUSTER = Path(__file__).resolve().parents[2] / "Training" / "cluster"
FILES = sorted(CLUSTER.glob("*.sbatch"))

NOTE = 'printf "%s" "${0##*/}" >> "$CALLS"; printf " %q" "$@" >> "$CALLS"; echo >> "$CALLS"\n'
STAND_INS = {
    # As the real one: runs the command, once for each node; here there is one.
    "srun": NOTE + 'while [[ $1 == --* ]]; do shift; done\nexec "$@"\n',
    "scontrol": NOTE + 'if [[ $1 == show ]]; then printf "node07\\nnode08\\n"; fi\n',
    # As the real one: signals the job's tasks, here the stand-in for the training.
    "scancel": NOTE + 'kill -TERM "$(cat "$CALLS.pid")"\n',
    "torchrun": NOTE + 'echo $$ > "$CALLS.pid"\nexec bash "$TRAINING"\n',
    "humor-train": NOTE + 'echo $$ > "$CALLS.pid"\nexec bash "$TRAINING"\n',
}
SUCCEEDS, FAILS = "exit 0\n", "exit 7\n"
STOPS_WHEN_TOLD = """trap 'echo saved >> "$CALLS"; exit 1' TERM
echo started >> "$CALLS"
while true; do sleep 0.02; done
"""
SLURM = {
    "SLURM_JOB_ID": "41234",
    "SLURM_JOB_NODELIST": "node[07-08]",
    "SLURM_JOB_NUM_NODES": "2",
    "SLURM_GPUS_ON_NODE": "4",
    "SLURM_CPUS_PER_TASK": "32",
    "SLURM_ARRAY_JOB_ID": "41234",
    "SLURM_ARRAY_TASK_ID": "3",
}
CHOICES = {"DATA": "/data/my studies", "RUN": "/runs/a run", "RECIPE": "teacher"}
FIT = "fit teacher --data '/data/my studies' --run '/runs/a run' --device cuda"

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Starts a file's body as ``sbatch`` would, with stand-ins first on the PATH."""
    programs = tmp_path / "env" / "bin"
    programs.mkdir(parents=True)
    for name, body in STAND_INS.items():
        (programs / name).write_text(f"#!/usr/bin/env bash\n{body}")
        (programs / name).chmod(0o755)
    # As real ones do, it looks at a variable that may not be set.
    (programs / "activate").write_text(f'echo "$NEVER_SET" > /dev/null; PATH={programs}:$PATH\n')

    def run(name: str, training: str, **changes: str) -> subprocess.Popen[str]:
        (tmp_path / "training.sh").write_text(training)
        variables = {
            **os.environ,
            **SLURM,
            **CHOICES,
            "ENV": str(tmp_path / "env"),
            "CALLS": str(tmp_path / "calls"),
            "TRAINING": str(tmp_path / "training.sh"),
            **changes,
        }
        command = ["bash", str(CLUSTER / name)]
        return subprocess.Popen(command, env=variables, text=True, stdout=subprocess.PIPE, cwd=tmp_path)

    return run


def calls(tmp_path: Path) -> list[list[str]]:
    path = tmp_path / "calls"
    return [shlex.split(line) for line in path.read_text().splitlines()] if path.exists() else []


def call(tmp_path: Path, program: str) -> list[str]:
    """The only call of a program."""
    (found,) = (words for words in calls(tmp_path) if words[0] == program)
    return found[1:]


def test_all_three_files_are_there() -> None:
    assert [path.stem for path in FILES] == ["crossvalidate", "train_many_nodes", "train_one_node"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_valid_bash(path: Path) -> None:
    subprocess.run(["bash", "-n", str(path)], check=True)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_options_come_before_the_first_command_and_ask_for_a_warning_and_a_requeue(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    first = next(number for number, line in enumerate(lines) if line and not line.startswith("#"))
    options = [number for number, line in enumerate(lines) if line.startswith("#SBATCH")]
    assert max(options) < first
    words = {lines[number].removeprefix("#SBATCH ") for number in options}
    assert {"--requeue", "--signal=B:USR1@120", "--open-mode=append"} <= words
    assert all(re.fullmatch(r"--[a-z-]+(=\S+)?", word) for word in words)


def test_one_node_runs_one_process_for_each_gpu(start: Start, tmp_path: Path) -> None:
    assert start("train_one_node.sbatch", SUCCEEDS).wait() == 0
    expected = f"--standalone --nproc-per-node=4 -m -- humor_training {FIT}"
    assert call(tmp_path, "torchrun") == shlex.split(expected)
    assert [words[0] for words in calls(tmp_path)] == ["torchrun"]


def test_many_nodes_meet_at_the_first_one(start: Start, tmp_path: Path) -> None:
    assert start("train_many_nodes.sbatch", SUCCEEDS).wait() == 0
    torchrun = (
        "--nnodes=2 --nproc-per-node=4 --rdzv-backend=c10d --rdzv-endpoint=node07:21234 --rdzv-id=41234 "
        f"-m -- humor_training {FIT}"
    )
    assert call(tmp_path, "torchrun") == shlex.split(torchrun)
    srun = "--nodes=2 --ntasks-per-node=1 --cpus-per-task=32 --wait=600 torchrun"
    assert call(tmp_path, "srun") == shlex.split(f"{srun} {torchrun}")
    assert call(tmp_path, "scontrol") == ["show", "hostnames", "node[07-08]"]


def test_each_task_of_the_array_trains_its_own_fold(start: Start, tmp_path: Path) -> None:
    assert start("crossvalidate.sbatch", SUCCEEDS).wait() == 0
    expected = (
        "fit teacher --data '/data/my studies' --run '/runs/a run/fold3' --fold 3 --folds 5 --device cuda"
    )
    assert call(tmp_path, "humor-train") == shlex.split(expected)


@pytest.mark.parametrize(
    ("name", "threads"), [("train_one_node", "8"), ("train_many_nodes", "8"), ("crossvalidate", "32")]
)
def test_each_process_gets_its_share_of_the_cores(
    start: Start, tmp_path: Path, name: str, threads: str
) -> None:
    assert start(f"{name}.sbatch", 'echo "threads $OMP_NUM_THREADS" >> "$CALLS"\n').wait() == 0
    assert calls(tmp_path)[-1] == ["threads", threads]


def test_the_real_torchrun_and_fit_understand_the_commands(start: Start, tmp_path: Path) -> None:
    from torch.distributed.run import get_args_parser

    from humor_training.commands import fit

    assert start("train_many_nodes.sbatch", SUCCEEDS).wait() == 0
    assert start("crossvalidate.sbatch", SUCCEEDS).wait() == 0
    launched = get_args_parser().parse_args(call(tmp_path, "torchrun"))
    assert (launched.nnodes, launched.nproc_per_node, launched.rdzv_backend) == ("2", "4", "c10d")
    assert launched.module and launched.training_script == "humor_training"
    parser = argparse.ArgumentParser()
    fit.add_parsers(parser.add_subparsers(required=True))
    args = parser.parse_args(launched.training_script_args)
    assert (str(args.data), str(args.folder), args.device) == ("/data/my studies", "/runs/a run", "cuda")
    fold = parser.parse_args(call(tmp_path, "humor-train"))
    assert (fold.fold, fold.folds, fold.folder.name) == (3, 5, "fold3")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_failed_training_fails_the_job_and_is_not_tried_again(
    start: Start, tmp_path: Path, path: Path
) -> None:
    assert start(path.name, FAILS).wait() == 7
    assert not any("requeue" in words for words in calls(tmp_path))


@pytest.mark.parametrize(
    ("name", "job"),
    [("train_one_node", "41234"), ("train_many_nodes", "41234"), ("crossvalidate", "41234_3")],
)
def test_when_the_time_is_nearly_over_the_training_saves_and_the_job_is_requeued(
    start: Start, tmp_path: Path, name: str, job: str
) -> None:
    script = start(f"{name}.sbatch", STOPS_WHEN_TOLD)
    deadline = time.monotonic() + 20
    while ["started"] not in calls(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.1)  # the trap is set just after the training is started
    script.send_signal(signal.SIGUSR1)
    assert script.wait(timeout=20) == 0
    assert calls(tmp_path)[-2:] == [["saved"], ["scontrol", "requeue", job]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_missing_environment_ends_the_job_before_anything_runs(
    start: Start, tmp_path: Path, path: Path
) -> None:
    assert start(path.name, SUCCEEDS, ENV=str(tmp_path / "nothing")).wait() == 2
    assert calls(tmp_path) == []
