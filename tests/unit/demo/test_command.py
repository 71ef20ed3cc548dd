"""`cmdb demo`: what is refused before anything is played."""

from pathlib import Path

import pytest

from cmdb.demo.command import demo
from cmdb.errors import CmdbError, ErrorCode


def test_a_transcript_that_cannot_be_written_is_refused_before_the_story(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CmdbError) as caught:
        demo(transcript=tmp_path / "gone" / "t.json")
    assert caught.value.code is ErrorCode.BAD_ARGUMENT
    assert capsys.readouterr().out == ""
