"""The instructor's kit: answers are those of the notebooks, keys are computed, labs name what there is."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from minimaskrcnn import exercises, notebooks, ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.cli import build_parser
from minimaskrcnn.detection.boxes import box_iou, boxes_from_masks
from minimaskrcnn.detection.coder import BoxCoder
from minimaskrcnn.detection.matcher import Matcher
from minimaskrcnn.detection.probabilities import expit, softmax
from minimaskrcnn.models import MINI

KIT = Path(__file__).resolve().parents[2] / "docs" / "instructors"
make_answers = runpy.run_path(str(KIT / "make_answers.py"))
ANSWERS = (KIT / "answers.md").read_text("utf-8")


def test_the_page_of_answers_is_the_generated_one():
    assert make_answers["page"]() == ANSWERS


@pytest.mark.parametrize("source", notebooks.sources(), ids=lambda source: source.name[:2])
def test_every_question_has_an_answer(source):
    text = "\n".join(cell.text for cell in notebooks.read_cells(source) if "solution" not in cell.tags)
    sections = re.split(r"^### ", ANSWERS, flags=re.M)[1:]
    mine = [section for section in sections if section.startswith(source.name[:2])]
    assert len(mine) == len(re.findall(r"^\*\*(?:Predict|Try it)\.\*\*", text, re.M)) >= 7
    for section in mine:
        _, question, answer = section.split("\n\n", 2)
        assert question.startswith("> ")
        assert len(answer.partition("\n## ")[0].strip()) > 20, question


def relu_gradient():
    """What a ReLU at -1 and 2 hands down of a gradient of 5 and 5."""
    x = Tensor(np.array([-1.0, 2.0]), requires_grad=True)
    ops.relu(x).backward(np.array([5.0, 5.0]))
    return x.grad


def encode_shift():
    """The dx of an object that lies a quarter of its width to the right of its anchor."""
    anchor, found = np.array([[0, 0, 8, 8.0]]), np.array([[2, 0, 10, 8.0]])
    return BoxCoder((1.0, 1.0, 1.0, 1.0)).encode(found, anchor)[0, 0]


def smooth_l1_of_three():
    """Smooth L1 of a difference of 3, beta 1."""
    return float(ops.smooth_l1_loss(Tensor(np.array([3.0])), np.array([0.0])).data)


KNOWN = {
    "np": np,
    "MINI": MINI,
    "Matcher": Matcher,
    "Tensor": Tensor,
    "box_iou": box_iou,
    "boxes_from_masks": boxes_from_masks,
    "conv2d": ops.conv2d,
    "encode_shift": encode_shift,
    "expit": expit,
    "relu_gradient": relu_gradient,
    "smooth_l1_of_three": smooth_l1_of_three,
    "softmax": softmax,
}
QUESTIONS = (KIT / "questions.md").read_text("utf-8")
ASKED = re.split(r"^### ", QUESTIONS, flags=re.M)[1:]
QUIZ = (KIT / "quiz.md").read_text("utf-8")


def test_every_notebook_has_three_questions():
    numbers = [question.partition(",")[0] for question in ASKED]
    assert sorted(numbers) == sorted(3 * [source.name[:2] for source in notebooks.sources()])


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.partition("\n")[0])
def test_one_option_is_right_and_the_others_have_their_belief(asked):
    rows = re.findall(r"^\| (\*\*[A-D]\*\*|[A-D]) \| (.+?) \| (.+?) \|$", asked, re.M)
    assert [row[0].strip("*") for row in rows] == list("ABCD")
    assert len({row[1].strip("*") for row in rows}) == 4
    right = [row for row in rows if row[0].startswith("*")]
    assert len(right) == 1
    assert all(row[2].endswith(".") for row in rows)
    for check in re.findall(r"^<!-- (.+) -->$", asked, re.M):
        assert eval(check, KNOWN) == right[0][1].strip("*")


@pytest.mark.parametrize("half", ["Before", "After"])
def test_the_key_of_the_quiz(half):
    text = QUIZ.partition(f"## {half}\n")[2]
    text, _, key = text.partition("\nKey: ")
    letters = dict(re.findall(r"(\d+)([A-D])", key.partition("\n")[0]))
    parts = re.split(r"^(\d+)\. ", text, flags=re.M)[1:]
    questions = dict(zip(parts[::2], parts[1::2], strict=True))
    assert [*questions] == [*letters] == [str(n) for n in range(1, 11)]
    assert len({*letters.values()}) == 4
    for number, question in questions.items():
        options = dict(re.findall(r"^    - ([A-D]): (.+)$", question, re.M))
        assert [*options] == list("ABCD")
        for check in re.findall(r"^    <!-- (.+) -->$", question, re.M):
            assert eval(check, KNOWN) == options[letters[number]]


def test_labs_name_what_there_is():
    labs = (KIT / "labs.md").read_text("utf-8")
    titles = [
        line.removeprefix("# ## ")
        for source in notebooks.sources()
        for line in source.read_text("utf-8").splitlines()
        if line.startswith("# ## ")
    ]
    for number, names in re.findall(r"[Nn]otebook (\d\d), ((?:\"[^\"]+\"(?: to | and )?)+)", labs):
        assert int(number) <= 11
        for name in re.findall(r'"([^"]+)"', names):
            assert any(title.startswith(name) for title in titles), name
    for name in re.findall(r"[Ee]xercises? `(\w+)`", labs):
        assert name in dir(exercises.check), name
    for command in re.findall(r"`(minimaskrcnn [^`]+)`", labs):
        build_parser().parse_args(command.partition(" > ")[0].split()[1:])
