"""One source, three editions: what the tags do, and which sources are refused."""

import re

import build
import pytest

from minimaskrcnn import notebooks
from minimaskrcnn.errors import InputError

SOURCE = '''\
# %% [markdown]
# **Predict.** What is 1 + 1?

# %%
1 + 1

# %% [markdown] tags=["answer"]
# It is 2.
#
# Not 11.
#
# ## Next
#
# Sums have orders.

# %% tags=["exercise"]
def add(a, b):
    """Add two numbers."""
    # solution
    total = a + b
    return total
    # end of solution

# %% [markdown] tags=["solution"]
# Any order will do.
'''
EDITIONS = {
    edition.__name__: edition for edition in (notebooks.reading, notebooks.student, notebooks.solutions)
}


@pytest.fixture
def cells(tmp_path):
    """Make the cells of a source."""

    def made(text):
        path = tmp_path / "42_sums.py"
        path.write_text(text, "utf-8")
        return notebooks.read_cells(path)

    return made


def test_a_source_is_read_cell_by_cell(cells):
    found = cells(SOURCE)
    assert [cell.id for cell in found] == [f"42-0{place}" for place in range(5)]
    assert [cell.kind for cell in found] == ["markdown", "code", "markdown", "code", "markdown"]
    assert [cell.tags for cell in found] == [(), (), ("answer",), ("exercise",), ("solution",)]
    assert found[2].text == "It is 2.\n\nNot 11.\n\n## Next\n\nSums have orders."


def test_the_edition_to_read_shows_answers_and_blank_exercises(cells):
    found = notebooks.reading(cells(SOURCE))
    assert [cell.id[-1] for cell in found] == ["0", "1", "2", "3"]
    assert found[2].text.startswith("It is 2.")
    assert found[3].text == 'def add(a, b):\n    """Add two numbers."""\n    ...'


def test_the_student_unfolds_an_answer_up_to_the_next_heading(cells):
    found = notebooks.student(cells(SOURCE))
    folded = "<details><summary>Answer</summary>\n\nIt is 2.\n\nNot 11.\n\n</details>"
    assert found[2].text == f"{folded}\n\n## Next\n\nSums have orders."
    assert found[3] == notebooks.reading(cells(SOURCE))[3]


def test_an_answer_ends_at_the_next_question(cells):
    [cell] = notebooks.student(
        cells('# %% [markdown] tags=["answer"]\n# Two.\n#\n# **Predict.** And twice?\n')
    )
    assert cell.text.endswith("Two.\n\n</details>\n\n**Predict.** And twice?")


def test_the_solutions_have_the_code_and_no_markers(cells):
    found = notebooks.solutions(cells(SOURCE))
    assert found[2].text.startswith("It is 2.")
    assert found[3].text.endswith('numbers."""\n    total = a + b\n    return total')
    assert found[4].text == "Any order will do."


def test_a_solution_may_have_blank_lines_and_stand_twice_in_a_cell(cells):
    lines = ["# solution", "a = 1", "", "b = 2", "# end of solution", "c = 3", "if a:"]
    lines += ["    # solution", "    d = 4", "    # end of solution"]
    text = "\n".join(['# %% tags=["exercise"]', *lines])
    assert notebooks.student(cells(text))[0].text == "...\nc = 3\nif a:\n    ..."
    assert notebooks.solutions(cells(text))[0].text == "a = 1\n\nb = 2\nc = 3\nif a:\n    d = 4"


def test_a_notebook_is_plain_json_with_its_tags(cells):
    notebook = notebooks.as_notebook(notebooks.student(cells(SOURCE)))
    prose, code = notebook["cells"][0], notebook["cells"][3]
    assert prose == {
        "cell_type": "markdown", "id": "42-00", "metadata": {}, "source": ["**Predict.** What is 1 + 1?"]
    }  # fmt: skip
    assert code["metadata"] == {"tags": ["exercise"]}
    assert code["source"][-1] == "    ..."
    assert (code["execution_count"], code["outputs"]) == (None, [])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x = 1\n\n# %%\n", "line 1: something stands before the first cell"),
        ("# %% [md]\n", "begins no cell"),
        ('# %% tags=["anwser"]\n', "begins no cell"),
        ("# %% [markdown]\n# A\nB\n", "cell 42-00: the line 'B' of prose"),
    ],
)
def test_a_source_that_is_no_percent_format_is_refused(cells, text, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        cells(text)


@pytest.mark.parametrize("edition", EDITIONS.values(), ids=EDITIONS)
@pytest.mark.parametrize(
    "text",
    [
        '# %% tags=["exercise"]\nx = 1\n',
        '# %% tags=["exercise"]\n# solution\nx = 1\n',
        '# %% tags=["exercise"]\n# solution\nx = 1\n    # end of solution\n',
        "# %%\n# solution\nx = 1\n# end of solution\n",
    ],
)
def test_a_solution_can_not_leak(cells, edition, text):
    with pytest.raises(InputError, match="cell 42-00: an exercise, and nothing else"):
        edition(cells(text))


@pytest.mark.parametrize(
    "text", ['# %% [markdown] tags=["answer"]\n# ## Next\n', '# %% tags=["answer"]\n1 + 1\n']
)
def test_an_answer_is_prose_before_the_next_heading(cells, text):
    with pytest.raises(InputError, match="cell 42-00: an answer is prose"):
        notebooks.student(cells(text))


@pytest.mark.parametrize("source", build.sources([]), ids=lambda path: path.stem)
def test_every_source_has_three_editions(source):
    cells = notebooks.read_cells(source)
    for edition in EDITIONS.values():
        text = notebooks.as_text(notebooks.as_notebook(edition(cells)))
        assert "# solution" not in text
        assert "end of solution" not in text
        assert "# fmt:" not in text
