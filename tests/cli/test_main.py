"""What every command owes: help that teaches, exit codes, one sentence for a mistake, two clean streams."""

import io
import os
import subprocess
import sys

import pytest

from minimaskrcnn import __version__, kernels
from minimaskrcnn.cli import COMMANDS, main, options
from minimaskrcnn.errors import InputError, TrainingDivergedError

COMMON = ("--json", "--seed", "--quiet", "--verbose", "--threads", "--kernels")


@pytest.fixture
def behave(monkeypatch):
    """Put `action` in the place of what `predict` does."""

    def put(action):
        monkeypatch.setattr(COMMANDS["predict"], "run", action)

    return put


def fail(error):
    def action(args):
        raise error

    return action


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_the_options_and_gives_examples(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    text = capsys.readouterr().out
    assert stop.value.code == 0
    assert all(option in text for option in COMMON)
    assert f"examples:\n  minimaskrcnn {command}" in text
    assert "(default: 0)" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_descriptions_and_examples_fit_a_terminal(command):
    module = COMMANDS[command]
    assert max(map(len, (module.DESCRIPTION + module.EPILOG).splitlines())) < 80


def test_every_example_can_be_parsed():
    import shlex

    from minimaskrcnn.cli import EPILOG, build_parser

    text = EPILOG.split("\n\n")[0] + "".join(module.EPILOG for module in COMMANDS.values())
    lines = text.replace("\\\n", "").splitlines()
    examples = [line.split("  #")[0].strip() for line in lines if line.startswith("  minimaskrcnn")]
    assert len(examples) > 12
    for example in examples:
        build_parser().parse_args(shlex.split(example.split(" > ")[0].split("  ")[0])[1:])


@pytest.mark.parametrize(
    "line",
    [
        "",
        "fly",
        "predict",
        "demo --seed -1",
        "demo --seed one",
        "demo --model cats",
        "demo -q -v",
        "demo --threads 0",
        "demo --kernels slow",
        "predict x.png --model shapes --min-score 1.5",
    ],
)
def test_a_wrong_command_line_is_exit_code_2(line, capsys):
    with pytest.raises(SystemExit) as stop:
        main(line.split())
    captured = capsys.readouterr()
    assert stop.value.code == 2
    assert captured.out == ""
    assert "usage: minimaskrcnn" in captured.err


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (InputError("the picture is upside down; turn it."), 2, "the picture is upside down; turn it."),
        (FileNotFoundError(2, "No such file or directory", "a.png"), 2, "a.png: No such file or directory"),
        (PermissionError(13, "Permission denied", "out"), 2, "out: Permission denied"),
        (OSError("device is gone"), 2, "device is gone"),
        (TrainingDivergedError("loss_mask is nan at step 3"), 1, "loss_mask is nan at step 3"),
        (KeyboardInterrupt(), 1, "interrupted"),
    ],
)
def test_a_mistake_is_one_sentence_and_an_exit_code(behave, run, error, code, sentence):
    behave(fail(error))
    assert run("predict", "x.png", "--model", "shapes") == (code, "", f"minimaskrcnn predict: {sentence}\n")


def test_a_fault_of_ours_is_not_hidden(behave, run):
    behave(fail(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        run("predict", "x.png", "--model", "shapes")


def test_verbose_adds_the_traceback(behave, run):
    behave(fail(InputError("bad")))
    code, out, err = run("predict", "x.png", "--model", "shapes", "-v")
    assert (code, out) == (2, "")
    assert "Traceback" in err
    assert err.endswith("minimaskrcnn predict: bad\n")


def test_kernels_are_switched_for_the_command_only(behave, run):
    seen = []
    behave(lambda args: seen.append(kernels.active()) or 0)
    before = kernels.active()
    assert run("predict", "x.png", "--model", "shapes", "--kernels", "reference")[0] == 0
    with kernels.use("reference") as reference:
        assert seen == [reference]
    assert kernels.active() is before


def test_threads_reach_the_environment(behave, run, monkeypatch):
    for variable in options.THREAD_VARIABLES:
        monkeypatch.setenv(variable, "7")
    behave(lambda args: 0)
    run("predict", "x.png", "--model", "shapes", "--threads", "3")
    assert {os.environ[variable] for variable in options.THREAD_VARIABLES} == {"3"}


def test_the_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "minimaskrcnn", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"minimaskrcnn {__version__}\n"


@pytest.mark.skipif(os.name == "nt", reason="pipes end differently on Windows")
def test_a_reader_that_leaves_early_causes_no_noise():
    program = (
        "import sys; from minimaskrcnn import cli\n"
        "cli.COMMANDS['predict'].run = lambda args: [print('x' * 1000) for _ in range(1000)] and 0\n"
        "sys.exit(cli.main(['predict', 'x.png', '--model', 'shapes']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 1


def test_a_closed_stdout_is_no_reason_to_lose_a_result(behave, monkeypatch):
    behave(lambda args: print("a result") or 0)
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["predict", "p.png", "--model", "shapes"]) == 0
    sys.stdout.close()
    sys.stderr.close()


def test_nobody_listening_to_stderr_is_no_reason_to_lose_a_result():
    program = (
        "import sys; from minimaskrcnn.cli import COMMANDS, main\n"
        "def run(args):\n"
        "    for _ in range(1000): print('a message' * 100, file=sys.stderr, flush=True)\n"
        "    return print('a result') or 0\n"
        "COMMANDS['predict'].run = run\n"
        "sys.exit(main(['predict', 'p.png', '--model', 'shapes']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        child.stderr.close()
        assert child.stdout.read() == "a result\n"
    assert child.returncode == 0


def test_a_result_that_cannot_be_written_is_known_before_the_work(behave, tmp_path, run, monkeypatch):
    behave(lambda args: pytest.fail("the work has begun"))
    (tmp_path / "file").touch()
    code, _, err = run("predict", "p.png", "--model", "shapes", "-o", tmp_path / "file" / "out")
    assert (code, f"{tmp_path / 'file'} is a file; choose a folder" in err) == (2, True)
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path or mode != os.W_OK)
    code, _, err = run("predict", "p.png", "--model", "shapes", "-o", tmp_path / "new" / "out")
    assert (code, f"nothing can be written to {tmp_path}; choose another folder" in err) == (2, True)
    code, _, err = run("predict", "p.png", "--model", "shapes", "-o", tmp_path / "file")
    assert (code, f"nothing can be written to {tmp_path}; choose another folder" in err) == (2, True)


def test_letters_that_the_terminal_lacks_are_printed_as_escapes(behave, monkeypatch):
    behave(lambda args: print("grün 円 \udcff") or 0)
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert main(["predict", "p.png", "--model", "shapes"]) == 0
    assert written.getvalue().strip() == rb"gr\xfcn \u5186 \udcff"
