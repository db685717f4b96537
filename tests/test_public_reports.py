"""Published sets whose point is text: Open-I, MIMIC-CXR and the phrases of MS-CXR."""

import gzip
import pickle
from pathlib import Path

import pytest

from core.errors import ExplorerError
from core.specs import open_studies
from core.studies import Box
from core.studies.public.open_i import read_reports
from core.studies.public.sections import described
from tests import published_folders as folders


class TestOpenI:
    def test_reports_labels_and_pictures_of_both_kinds(self, tmp_path: Path) -> None:
        studies = open_studies(f"open-i:{folders.open_i(tmp_path)}")
        assert studies.ids == ["CXR1_1_IM-0001-3001", "CXR1_1_IM-0001-4001", "CXR2_IM-0652-1001"]
        assert studies.problems == ("5.xml is no readable report.",
                                    "The report CXR4 names no image.",
                                    "CXR3_IM-1384-1001 is not there.")  # fmt: skip
        assert studies.study(0).text == "Lungs clear. No <3 mm nodule.\nNormal chest."
        assert studies.study(0).labels["No Finding"] == 1
        assert studies.study(0).labels["Lung Opacity"] == 0
        assert "Support Devices" not in studies.study(0).labels  # a normal film may show one
        assert studies.image(1).shape == (120, 80)  # the DICOM file
        ill = studies.study(2).labels
        assert ill["Cardiomegaly"] == ill["Lung Opacity"] == 1 and ill["Atelectasis"] == 0
        assert "Edema" not in ill  # congestion: edema to some
        assert list(studies.table["patient_id"]) == ["CXR1", "CXR1", "CXR2"]

    def test_unpacked_reports_read_alike(self, tmp_path: Path) -> None:
        packed = open_studies(f"open-i:{folders.open_i(tmp_path)}")
        folder = tmp_path / "NLMCXR_reports" / "ecgen-radiology"
        folder.mkdir(parents=True)
        import tarfile

        with tarfile.open(tmp_path / "NLMCXR_reports.tgz") as archive:
            for member in archive:
                stream = archive.extractfile(member)
                assert stream is not None
                (folder / Path(member.name).name).write_bytes(stream.read())
        (tmp_path / "NLMCXR_reports.tgz").unlink()
        unpacked = open_studies(f"open-i:{tmp_path}")
        assert unpacked.reports == packed.reports and unpacked.ids == packed.ids

    def test_views_come_from_torchxrayvision_where_it_is(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        root = folders.open_i(tmp_path / "set")
        assert set(open_studies(f"open-i:{root}").table["view"]) == {""}
        data = tmp_path / "site" / "torchxrayvision" / "data"
        folders.text(data.parent / "__init__.py", "raise AssertionError('never imported')")
        folders.text(
            data / "nlmcxr_dicom_metadata.csv.gz",
            "imageid,View Position\nCXR2_IM-0652-1001,LATERAL\nCXR1_1_IM-0001-3001,\n",
        )
        folders.text(data / "nlmcxr_tsne_pa.csv.gz", "imageid,tsne-view\nCXR1_1_IM-0001-3001,PA\n")
        monkeypatch.syspath_prepend(tmp_path / "site")
        assert list(open_studies(f"open-i:{root}").table["view"]) == ["PA", "", "L"]

    def test_a_damaged_archive_is_one_sentence(self, tmp_path: Path) -> None:
        folders.open_i(tmp_path)
        archive = tmp_path / "NLMCXR_reports.tgz"
        archive.write_bytes(archive.read_bytes()[:200])
        with pytest.raises(ExplorerError, match="NLMCXR_reports.tgz is damaged"):
            open_studies(f"open-i:{tmp_path}")

    def test_all_real_reports_read(self, cxr: Path) -> None:
        archive = cxr / "openi_reports" / "NLMCXR_reports.tgz"
        if not archive.is_file():
            pytest.skip("the Indiana reports are not among the real data")
        reports, problems = read_reports(archive)
        assert len(reports) == 3955 and problems == []
        assert sum(len(report.images) for report in reports) == 7470
        assert sum(not report.text for report in reports) == 28
        assert sum("normal" in report.terms for report in reports) == 1391


class TestMimic:
    @pytest.mark.parametrize("zipped", [False, True])
    def test_sections_splits_and_labels(self, tmp_path: Path, zipped: bool) -> None:
        studies = open_studies(f"mimic-cxr:{folders.mimic_cxr(tmp_path, zipped)}")
        assert studies.ids == ["aa-1", "aa-2", "bb-1"]
        assert list(studies.table["split"]) == ["train", "train", "val"]
        assert list(studies.table["view"]) == ["PA", "L", "AP"]
        assert studies.study(0).text == "Mild edema is seen. No pneumothorax.\n1. Mild edema."
        assert studies.study(2).text == "As compared to the previous radiograph, nothing changed."
        assert studies.study(0).labels == {"Edema": 1, "Pneumothorax": 0, "No Finding": 0}
        assert studies.study(2).labels == {"No Finding": 1}
        assert any("bb-2.jpg is not there" in problem for problem in studies.problems)
        assert any("../etc" in problem for problem in studies.problems)  # never leaves the folder
        copied = pickle.loads(pickle.dumps(studies))
        assert copied.reports == studies.reports and studies.reports[1] == studies.reports[0]

    def test_the_other_labeller_and_a_part(self, tmp_path: Path) -> None:
        folders.mimic_cxr(tmp_path)
        negbio = open_studies(f"mimic-cxr:{tmp_path},labels=negbio,split=train,view=frontal")
        assert negbio.ids == ["aa-1"] and negbio.study(0).labels == {"Pneumothorax": 0}
        assert open_studies(f"mimic-cxr:{tmp_path},split=validate").ids == ["bb-1"]

    def test_reports_of_a_folder_of_their_own(self, tmp_path: Path) -> None:
        folders.mimic_cxr(tmp_path / "jpg", zipped=True)
        archive = (tmp_path / "jpg" / "mimic-cxr-reports.zip").rename(tmp_path / "reports.zip")
        assert open_studies(f"mimic-cxr:{tmp_path / 'jpg'}").reports == [[], [], []]
        found = open_studies(f"mimic-cxr:{tmp_path / 'jpg'},reports={archive}")
        assert found.reports[0][0] == "Mild edema is seen."

    def test_sentences_are_derived_only_where_no_report_lies(self, tmp_path: Path) -> None:
        folders.mimic_cxr(tmp_path)
        (tmp_path / "files/p11/p11000011/s51000001.txt").unlink()
        studies = open_studies(f"mimic-cxr:{tmp_path},derive=labels")
        assert studies.reports[0][0] == "Mild edema is seen."
        assert studies.study(2).text_derived and not studies.study(0).text_derived

    @pytest.mark.parametrize(
        ("report", "said"),
        [("FINDINGS AND IMPRESSION:  Clear.\n", "Clear."), ("", ""),
         ("WET READ: old\n FINAL REPORT\n FINDINGS:\n A.\n B\n", "A. B"),
         ("IMPRESSION: One.\n CONCLUSION: Two.", "One.\nTwo."),
         ("FINDINGS: See 3:15 PM: done.\nADDENDUM: more", "See 3:15 PM: done."),
         ("IMPRESSION: I.\n FINDINGS: F.", "F.\nI."), ("Only this line.", "Only this line.")],
    )  # fmt: skip
    def test_what_a_report_says_of_the_image(self, report: str, said: str) -> None:
        assert described(report) == said


class TestMsCxr:
    @pytest.mark.parametrize("as_json", [False, True])
    def test_phrases_and_their_boxes(self, tmp_path: Path, as_json: bool) -> None:
        folders.mimic_cxr(tmp_path / "jpg")
        folders.ms_cxr(tmp_path / "ms", as_json)
        studies = open_studies(f"ms-cxr:{tmp_path / 'ms'},images={tmp_path / 'jpg'}")
        assert studies.ids == ["aa-1"] and "zz-9.jpg is not there." in studies.problems[0]
        assert studies.reports == [["Mild edema.", "Blunting, on the left."]]
        assert studies.study(0).labels == {"Edema": 1, "Pleural Effusion": 1, "No Finding": 0}
        assert studies.study(0).patient_id == "10000032"
        assert studies.boxes(0) == (  # drawn on twice the size, and the last out of frame
            Box("Edema", 5, 5, 20, 15, "mild edema"), Box("Edema", 35, 5, 20, 15, "mild edema"),
            Box("Pleural Effusion", 50, 30, 45, 45, "Blunting, on the left."))  # fmt: skip
        assert studies.masks(0)["Edema"].sum() == 600

    def test_beside_the_images(self, tmp_path: Path) -> None:
        folders.mimic_cxr(tmp_path)
        assert open_studies(f"ms-cxr:{folders.ms_cxr(tmp_path)}").ids == ["aa-1"]

    def test_a_table_that_bursts_when_unpacked_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("core.studies.public.tables.MAX_EXPANDED", 1000)
        folders.mimic_cxr(tmp_path)
        bomb = gzip.compress(b"dicom_id,subject_id,study_id\n" + b"a,b,c\n" * 10_000)
        (tmp_path / "mimic-cxr-2.0.0-metadata.csv.gz").write_bytes(bomb)
        with pytest.raises(ExplorerError, match="over the limit"):
            open_studies(f"mimic-cxr:{tmp_path}")
