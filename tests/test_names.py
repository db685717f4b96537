"""Names of two letters go out of reports, and the words that look like them stay."""

from pathlib import Path

import pytest
from planted import dicom, film

from core.intake import import_studies, open_source
from core.intake.identity import REMOVED as X
from core.intake.identity import scrubbed
from core.phantom.case import sample_case
from core.phantom.reports import write_report
from core.specs import open_studies

TWO_LETTERS = "Ai An Bo Do Go Ha He Ho Hu In Is It Ko La Le Li Lu Ma Me My Ng No Oh On Or Pa So To"
TWO_LETTERS += " Us Vo Wu Xi Xu Ye Yi Yu"


def _without(text: str, *names: str) -> str:
    return scrubbed(text, names, names)


@pytest.mark.parametrize("name", ["Li", "Wu", "Ng", "Ho", "Vo", "He", "No", "Do"])
@pytest.mark.parametrize(
    "text",
    ["Ms {}: clear lungs.", "Seen by Dr. {} today.", "The patient {} has no effusion.",
     "Compared with the film that {} read."],
)  # fmt: skip
def test_a_name_of_two_letters_goes(name: str, text: str) -> None:
    said = _without(text.format(name), f"{name.upper()}^JOHANNA")
    assert said == text.format(X)


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("LI^WEI", "Li Wei: clear.", f"{X}: clear."),
        ("LI^WEI", "Wei Li: clear.", f"{X}: clear."),
        ("LI^WEI", "WEI, LI. clear.", f"{X}. clear."),
        ("LI^WEI", "As LiWei and weili before.", f"As {X} and {X} before."),
        ("WU^HO", "wu ho and Ho-Wu, then HoWu.", f"{X} and {X}, then {X}."),
        ("Wu, Ho", "Mr WU and LI.", f"Mr {X} and LI."),
        ("NGUYEN^VO THI", "Vo Thi Nguyen. Nguyen Vo.", f"{X}. {X}."),
        ("NG^AN", "Ng An came. An Ng came.", f"{X} came. {X} came."),
        ("LI^WU=李^伟", "李伟: clear. 李 伟.", f"{X}: clear. {X}."),
    ],
)  # fmt: skip
def test_joined_names_go_in_both_orders(name: str, text: str, left: str) -> None:
    assert _without(text, name) == left


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("NG^LI", "NG tube in place. The NG tip is low, an Ng tube before. No li of it."),
        ("NO^WU", "No effusion. IMPRESSION: NO PNEUMOTHORAX. Clear; no change. On air, no."),
        ("HE^MA", "He has a history of heart failure. he said so. Known MA."),
        ("PA^AP", "PA and lateral, AP supine. PA view."),
        ("LU^NG", "Lung volumes are low. The lung is clear. LUNGS: CLEAR. Lungs clear."),
        ("DO^IN", "In an upright position. Do not use. in do."),
        ("IT^IS", "It is clear. it is so."),
        ("WU^LI", "wu and li are no words here; liquid, Lithium, Wuchereria."),
        ("Li 4711", "Li-ion device."),  # an identifier with a number goes as it is, or not at all
    ],
)
def test_ordinary_words_stay(name: str, text: str) -> None:
    assert _without(text, name) == text


def test_reports_lose_no_word_to_any_name_of_two_letters() -> None:
    names = [f"{name}^{other}" for name in TWO_LETTERS.split() for other in ("Ma", "Yi", "He")]
    reports = [" ".join(write_report(sample_case(index, 11, "train"))) for index in range(300)]
    reports += [f"FINDINGS: {report.upper()}" for report in reports]
    for number, report in enumerate(reports):
        name = names[number % len(names)]
        assert _without(report, name) == report, name


def test_an_import_knows_the_names_of_header_and_row(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    dicom(folder / "a.dcm", film(), PatientName="Ng^Bo")
    dicom(folder / "b.dcm", film(1), PatientName="Test")
    (folder / "t.csv").write_text(
        "image,text,patient_name\n"
        'a.dcm,"Mr Ng. NG tube. No change for Bo.",\n'
        'b.dcm,"Ho Vo seen. Vo is well; no effusion.","Vo, Ho"\n'
    )
    source = open_source(folder / "t.csv")
    report = import_studies(source, tmp_path / "out", {"image": "image", "text": "text"})
    studies = open_studies(str(report.manifest))
    assert {studies.study(row).text for row in range(2)} == {
        f"Mr {X}. NG tube. No change for {X}.", f"{X} seen. {X} is well; no effusion.",
    }  # fmt: skip
