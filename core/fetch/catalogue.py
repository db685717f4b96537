"""What can be fetched without credentials: address, size, hash where its publisher states one."""

from dataclasses import dataclass

_NLM = "https://openi.nlm.nih.gov/imgs/collections/"
_BOX = "https://nihcc.box.com/shared/static/"
_COVID = "https://github.com/ieee8023/covid-chestxray-dataset"
_GB = 10**9


@dataclass(frozen=True)
class ArchiveFile:
    """One file to download, a gzipped tar, and the bounds that its contents must keep."""

    url: str
    name: str
    folder: str = ""  # unpacked there, below the set's root; by default into it
    size: int | None = None  # bytes; None where no publisher states them
    md5: str | None = None  # as published; None where no publisher states it
    max_members: int = 20_000
    max_bytes: int = 20 * _GB  # unpacked


@dataclass(frozen=True)
class FetchableSet:
    """A set that anyone may download."""

    title: str
    licence: str
    page: str  # where the publisher describes it
    archives: tuple[ArchiveFile, ...]
    by_hand: str = ""  # what a script cannot fetch, and where it goes


def _nih(number: int, link: str, md5: str) -> ArchiveFile:
    return ArchiveFile(f"{_BOX}{link}.gz", f"images_{number:03d}.tar.gz", md5=md5)


# The MD5 of the NIH archives are those of its FAQ_CHESTXRAY.pdf, question 7. Neither Open-I nor
# GitHub's archives come with a published size or hash: what is found is recorded and kept to.
SETS: dict[str, FetchableSet] = {
    "open-i": FetchableSet(
        "Indiana University chest X-rays, Open-I (7,470 PNG, 3,955 reports)",
        "CC BY-NC-ND 4.0, say the report files; cite Demner-Fushman et al., JAMIA 2016",
        "https://openi.nlm.nih.gov/faq",
        (
            ArchiveFile(f"{_NLM}NLMCXR_reports.tgz", "NLMCXR_reports.tgz"),
            ArchiveFile(f"{_NLM}NLMCXR_png.tgz", "NLMCXR_png.tgz", "NLMCXR_png"),
        ),
    ),
    "covid": FetchableSet(
        "COVID-19 image data collection",
        "per image, in metadata.csv; cite Cohen et al., 2020",
        _COVID,
        (
            ArchiveFile(
                f"{_COVID}/archive/refs/heads/master.tar.gz", "covid-chestxray-dataset.tar.gz"
            ),
        ),
    ),
    "nih": FetchableSet(
        "NIH ChestX-ray14, images alone (112,120 PNG, about 42 GB)",
        "unrestricted; link to the NIH page, acknowledge the NIH Clinical Center, cite Wang et "
        "al., CVPR 2017",
        "https://nihcc.app.box.com/v/ChestXray-NIHCC",
        (
            _nih(1, "vfk49d74nhbxq3nqjg0900w5nvkorp5c", "fe8ed0a6961412fddcbb3603c11b3698"),
            _nih(2, "i28rlmbvmfjbl8p2n3ril0pptcmcu9d1", "ab07a2d7cbe6f65ddd97b4ed7bde10bf"),
            _nih(3, "f1t00wrtdk94satdfb9olcolqx20z2jp", "2301d03bde4c246388bad3876965d574"),
            _nih(4, "0aowwzs5lhjrceb3qp67ahp0rd1l1etg", "9f1b7f5aae01b13f4bc8e2c44a4b8ef6"),
            _nih(5, "v5e3goj22zr6h8tzualxfsqlqaygfbsn", "1861f3cd0ef7734df8104f2b0309023b"),
            _nih(6, "asi7ikud9jwnkrnkj99jnpfkjdes7l6l", "456b53a8b351afd92a35bc41444c58c8"),
            _nih(7, "jn1b4mw4n6lnh74ovmcjb8y48h8xj07n", "1075121ea20a137b87f290d6a4a5965e"),
            _nih(8, "tvpxmn7qyrgl0w8wfh9kqfjskv6nmm1j", "b61f34cec3aa69f295fbb593cbd9d443"),
            _nih(9, "upyy3ml7qdumlgk2rfcvlb9k6gvqq2pj", "442a3caa61ae9b64e61c561294d1e183"),
            _nih(10, "l6nilvfa9cg3s28tqv1qc1olm3gnz54p", "09ec81c4c31e32858ad8cf965c494b74"),
            _nih(11, "hhq8fkdgvcari67vfhs7ppg2w6ni4jze", "499aefc67207a5a97692424cf5dbeed5"),
            _nih(12, "ioqwiy20ihqwyr8pf4c24eazhh281pbu", "dc9fda1757c2de0032b63347a7d2895c"),
        ),
        "Data_Entry_2017_v2020.csv and BBox_List_2017.csv, from the NIH page into the same folder",
    ),
}
