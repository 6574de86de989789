"""The contract as tables: what each model takes, and the smallest change that it refuses."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from schemas import export
from schemas.marks import Mark, Shape, shape_of
from schemas.plain import plain_validator
from schemas.registry import INPUTS, OUTPUTS, output_of

EXAMPLES: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("inputs.json").read_text())

# The required fields of the contract, `/` between those of which one is enough.
REQUIRED = {
    "member.enrolled": "member_id",
    "member.updated": "member_id",
    "member.opted_in": "member_id campaign",
    "member.opted_out": "member_id campaign",
    "member.linked": "member_id external_id",
    "member.merged": "merge_id member_id merged_member_id",
    "member.forgotten": "member_id",
    "transaction.completed": "transaction_id member_id/external_id currency amount_minor lines",
    "transaction.cancelled": "transaction_id",
    "transaction.replaced": "transaction_id member_id/external_id currency amount_minor lines",
    "transaction.returned": "return_id original_transaction_id lines",
    "voucher.redemption_requested": "redemption_id code/voucher_id",
    "voucher.reservation_requested": "reservation_id code/voucher_id",
    "voucher.reservation_released": "reservation_id",
    "voucher.redemption_rolled_back": "redemption_id",
    "promo_code.entered": "entry_id code member_id",
    "feedback.submitted": "feedback_id",
    "activity.recorded": "activity_id member_id name",
    "reward.purchase_requested": "purchase_id member_id voucher",
    "points.spend_requested": "spend_id member_id account points",
    "points.hold_requested": "hold_id member_id account points",
    "points.hold_release_requested": "hold_id member_id account points",
    "points.adjustment_requested": "adjustment_id member_id account points",
    "voucher.issue_requested": "request_id member_id voucher",
    "voucher.revoke_requested": "request_id voucher_id",
    "promo_code_list.create_requested": "request_id list_id type",
    "promo_code_list.update_requested": "request_id list_id",
    "promo_codes.imported": "list_id batch_id chunk chunks codes",
    "pool.codes_imported": "pool_id batch_id chunk chunks codes",
    "outlet.upserted": "outlet_code",
    "clock.advance_requested": "to",
    "voucher.provider_issued": "request_id/provider_reference",
    "voucher.provider_failed": "request_id/provider_reference",
    "voucher.provider_redeemed": "request_id/provider_reference",
    "voucher.provider_expired": "request_id/provider_reference",
}

OUTPUT_TYPES = {
    "points": "points.awarded .activated .spent .held .released .reversed .restored .expiring .expired .adjusted .rejected",
    "issuances": "voucher.requested .issued .reserved .released .redeemed .rejected .restored .expiring .expired .revoked "
    ".issue_failed .provider_orphaned promo_code.issued .accepted .rejected promo_code_list.changed .rejected pool.low .exhausted "
    ".refilled .fallback_used",
    "tier-changes": "tier.joined .upgraded .downgraded .retained .will_downgrade .progress_changed",
    "member-changes": "member.tagged .untagged .attribute_set .opt_in_recorded .opt_out_recorded .link_recorded .merge_recorded "
    ".forget_recorded .rejected achievement.progressed .completed .rolled_back referral.completed",
    "emissions": "custom",
    "notifications": "notification.requested",
    "merchant-alerts": "feedback.accepted .rejected merchant.alert_raised .alert_cleared",
    "provider-requests": "voucher.provider_requested",
    "decisions": "decision.recorded",
    "dead-letters": "record.rejected",
}


def full_names(listed: str) -> list[str]:
    names: list[str] = []
    for name in listed.split():
        names.append(name if not name.startswith(".") else names[-1].partition(".")[0] + name)
    return names


def test_every_input_of_the_contract_has_a_model_and_an_example() -> None:
    assert set(INPUTS) == set(REQUIRED) == set(EXAMPLES)


def test_every_output_of_the_contract_has_a_model_on_its_topic() -> None:
    expected = {name: topic for topic, listed in OUTPUT_TYPES.items() for name in full_names(listed)}
    assert {name: entry.topic for name, entry in OUTPUTS.items()} == expected


def test_an_event_of_the_programme_is_found_by_its_prefix() -> None:
    assert output_of("custom.lounge_visited") is OUTPUTS["custom"]


@pytest.mark.parametrize("event_type", INPUTS)
def test_the_example_is_taken(event_type: str) -> None:
    INPUTS[event_type].model.model_validate(EXAMPLES[event_type])


@pytest.mark.parametrize("event_type", INPUTS)
def test_exactly_the_required_fields_are_enough(event_type: str) -> None:
    wanted = [choice.split("/") for choice in REQUIRED[event_type].split()]
    full = EXAMPLES[event_type]
    least = {next(name for name in names if name in full): None for names in wanted}
    least = {name: full[name] for name in least}
    INPUTS[event_type].model.model_validate(least)
    for name in least:
        with pytest.raises(ValidationError):
            INPUTS[event_type].model.model_validate({other: value for other, value in least.items() if other != name})


@pytest.mark.parametrize("event_type", INPUTS)
def test_a_field_that_the_contract_does_not_name_is_refused(event_type: str) -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        INPUTS[event_type].model.model_validate({**EXAMPLES[event_type], "surprise": 1})


MINOR = ("transaction.completed", "amount_minor")
ID = ("transaction.completed", "transaction_id")
PLACE = ("outlet.upserted", "latitude")
DAY = ("promo_code_list.create_requested", "from_day")
INSTANT = ("clock.advance_requested", "to")
MAP = ("transaction.completed", "attributes")
CHUNK = ("pool.codes_imported", "chunk")


@pytest.mark.parametrize(
    ("at", "value", "taken"),
    [
        (MINOR, 0, True),
        (MINOR, 10**15, True),
        (MINOR, 10**15 + 1, False),
        (MINOR, 10**30, False),
        (MINOR, -1, False),
        (MINOR, 30.0, False),
        (MINOR, "30", False),
        (MINOR, True, False),
        (MINOR, float("nan"), False),
        (MINOR, None, False),
        (ID, "T", True),
        (ID, "T" * 128, True),
        (ID, "Tür 7/8 %", True),
        (ID, "T" * 129, False),
        (ID, "", False),
        (ID, "T\n", False),
        (ID, "T\x00", False),
        (ID, "T\u202e", False),
        (ID, 7, False),
        (PLACE, "0", True),
        (PLACE, "-90.0000000", True),
        (PLACE, "90.0000001", False),
        (PLACE, "1.12345678", False),
        (PLACE, "1e1", False),
        (PLACE, "+1", False),
        (PLACE, 40.5, False),
        (DAY, "2028-02-29", True),
        (DAY, "2026-02-29", False),
        (DAY, "2026-2-1", False),
        (DAY, "20260201", False),
        (INSTANT, "2026-11-03t09:00:00.123456789z", True),
        (INSTANT, "2026-11-03T09:00:00", False),
        (INSTANT, "2026-02-30T09:00:00Z", False),
        (INSTANT, 1_700_000_000, False),
        (MAP, {"a": "x", "b": 1, "c": True, "d": -1}, True),
        (MAP, {"a": 1.5}, False),
        (MAP, {"a": None}, False),
        (MAP, {"a": ["x"]}, False),
        (MAP, {"a": {"b": "x"}}, False),
        (MAP, {"a": 10**16}, False),
        (MAP, {"": "x"}, False),
        (MAP, {str(at): at for at in range(101)}, False),
        (CHUNK, 0, False),
        (CHUNK, 3, False),
        (("pool.codes_imported", "codes"), [], False),
        (("transaction.completed", "currency"), "usd", False),
        (("transaction.completed", "lines"), [], True),
        (("transaction.completed", "lines"), ({},), False),
        (("transaction.returned", "lines"), [], False),
        (("transaction.returned", "lines"), [{"line_id": "1", "quantity": 1}, {"line_id": "1", "quantity": 1}], False),
        (("points.spend_requested", "points"), 0, False),
        (("points.adjustment_requested", "points"), 0, False),
        (("feedback.submitted", "issuer_code"), "", True),
        (("member.updated", "profile"), {"city": None}, True),
        (("member.enrolled", "profile"), {"city": None}, False),
    ],
)
def test_scalars_are_strict(at: tuple[str, str], value: object, taken: bool) -> None:
    event_type, field = at
    payload = {**EXAMPLES[event_type], field: value}
    if taken:
        INPUTS[event_type].model.model_validate(payload)
        return
    with pytest.raises(ValidationError):
        INPUTS[event_type].model.model_validate(payload)


def test_a_line_id_stands_once() -> None:
    line = EXAMPLES["transaction.completed"]["lines"][0]
    with pytest.raises(ValidationError, match="more than once"):
        INPUTS["transaction.completed"].model.model_validate(
            {**EXAMPLES["transaction.completed"], "lines": [line, line]}
        )


def test_an_outlet_may_be_called_a_store_but_not_both() -> None:
    model = INPUTS["transaction.cancelled"].model
    assert model.model_validate({"transaction_id": "T", "store_id": "O-7"}).model_dump()["outlet_code"] == "O-7"
    with pytest.raises(ValidationError, match="extra_forbidden"):
        model.model_validate({"transaction_id": "T", "store_id": "O-7", "outlet_code": "O-7"})


def sides(event_type: str, payload: dict[str, Any]) -> list[object]:
    """What the model and the plain validator make of a payload: what was given, or the complaints."""
    model = INPUTS[event_type].model
    answers: list[object] = []

    def by_model(given: dict[str, Any]) -> dict[str, Any]:
        return model.model_validate(given).model_dump(exclude_unset=True)

    for validate in (by_model, plain_validator(model)):
        try:
            answers.append(validate(payload))
        except ValidationError as error:
            answers.append(
                [(found["type"].replace("model_type", "dict_type"), found["loc"]) for found in error.errors()]
            )
    return answers


@pytest.mark.parametrize("event_type", INPUTS)
def test_the_plain_validator_says_what_the_model_says(event_type: str) -> None:
    example = EXAMPLES[event_type]
    replaced: tuple[Any, ...] = (None, -1, 1.5, "", "x\n", [], {}, [{}], True)
    wrong = [{name: value for name, value in example.items() if name != left_out} for left_out in example]
    wrong += [{**example, name: value} for name in [*example, "store_id"] for value in replaced]
    wrong += [{**example, "lines": example["lines"] * 2}] if "lines" in example else []
    for payload in [example, *wrong]:
        by_model, plain = sides(event_type, payload)
        assert plain == by_model, payload


def test_payloads_never_change() -> None:
    payload = INPUTS["member.forgotten"].model.model_validate({"member_id": "M"})
    with pytest.raises(ValidationError, match="frozen"):
        payload.member_id = "N"  # type: ignore[attr-defined] # the base class does not know it


def test_personal_fields_stand_where_intake_seals_them() -> None:
    """Intake seals fields of the payload itself; one inside a part would need a walk that it does not do."""

    def inside(shape: Shape) -> set[Mark]:
        return {one.mark for one in shape.marked} | {mark for part in shape.parts for mark in inside(part.shape)}

    for entry in INPUTS.values():
        for part in shape_of(entry.model).parts:
            assert inside(part.shape).isdisjoint({Mark.PERSONAL, Mark.PROFILE})


def test_the_exported_schemas_are_fresh() -> None:
    there = {path.name: path.read_text() for path in export.FOLDER.glob("*.json")}
    assert there == export.exported(), "run: python -m schemas.export"


def test_export_writes_what_is_missing_and_removes_what_is_gone(tmp_path: Path) -> None:
    (tmp_path / "old.v1.json").write_text("{}")
    export.export(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(export.exported())


def test_a_required_field_may_stand_under_its_alias_in_the_exported_schema() -> None:
    schema = json.loads(export.exported()["outlet.upserted.v1.json"])
    assert schema["anyOf"] == [{"required": ["outlet_code"]}, {"required": ["store_id"]}]
    assert "store_id" in schema["properties"]
