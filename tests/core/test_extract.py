"""Which secret a request presents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokentui.core.extract import extract_credential
from tokentui.core.verdicts import MalformedSecret, NothingPresented, Refused


@pytest.mark.parametrize(
    ("authorizations", "api_keys", "account"),
    [
        (["Bearer secret"], [], None),
        (["bearer   secret "], [], None),
        ([], ["secret"], None),
        ([], [" secret\t"], None),
        (["cpanel ada:secret"], [], "ada"),
        (["CPANEL ada:secret"], [], "ada"),
        (["cpanel :secret"], [], ""),
        (["Basic YWRhOmFkYQ=="], ["secret"], None),
    ],
)
def test_one_secret(authorizations: list[str], api_keys: list[str], account: str | None) -> None:
    shown = extract_credential(authorizations, api_keys)
    assert (shown.secret.reveal(), shown.account) == ("secret", account)


@pytest.mark.parametrize("authorization", ["Bearer", "bearer ", "cpanel ada", "cpanel ada:"])
def test_a_scheme_alone_presents_nothing_that_is_a_secret(authorization: str) -> None:
    assert extract_credential([authorization], []).secret.reveal() == ""


@pytest.mark.parametrize("authorizations", [[], [""], ["\t"], ["Basic x"], ["secret"]])
def test_none(authorizations: list[str]) -> None:
    with pytest.raises(NothingPresented):
        extract_credential(authorizations, [])


@pytest.mark.parametrize(
    ("authorizations", "api_keys"),
    [
        (["Bearer one", "Bearer two"], []),
        (["Bearer one"], ["one"]),
        ([], ["one", "two"]),
        (["cpanel ada:one", "Bearer one"], []),
    ],
)
def test_which_of_several_counts_is_not_guessed(
    authorizations: list[str], api_keys: list[str]
) -> None:
    with pytest.raises(MalformedSecret):
        extract_credential(authorizations, api_keys)


@given(st.lists(st.text()), st.lists(st.text()))
def test_whatever_comes_is_told_or_refused(authorizations: list[str], api_keys: list[str]) -> None:
    try:
        extract_credential(authorizations, api_keys)
    except Refused as refused:
        assert refused.public.startswith(("Send", "This secret"))
