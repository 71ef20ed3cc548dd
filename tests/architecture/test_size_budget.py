"""The size budget of the code holds."""

import pytest

from tests.architecture.size_report import Figure, figures


@pytest.mark.parametrize("figure", figures(), ids=lambda figure: figure.name)
def test_figure_keeps_its_budget(figure: Figure) -> None:
    assert figure.kept, f"{figure.name}: {figure.value} of at most {figure.budget} {figure.worst}"
