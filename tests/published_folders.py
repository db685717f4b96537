# ruff: noqa: E501 - rows of the tables are as long as they are published
"""Tiny folders in the layouts of published sets, headers and odd rows as they have them.

Nothing here is copied from a set: ids, reports and pictures are made up.
"""

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as coco
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from core.labels import PATHOLOGIES

FILM = np.random.default_rng(7).integers(0, 255, (80, 120), dtype=np.uint8)
CHEXPERT = ("No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,Lung Lesion,Edema,"
            "Consolidation,Pneumonia,Atelectasis,Pneumothorax,Pleural Effusion,Pleural Other,"
            "Fracture,Support Devices")  # fmt: skip


def picture(path: Path, pixels: np.ndarray = FILM) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, "JPEG" if path.suffix == ".jpg" else "PNG")


def dicom(path: Path, pixels: np.ndarray = FILM) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.Modality, data.BodyPartExamined = "CR", "CHEST"
    data.PhotometricInterpretation, data.SamplesPerPixel = "MONOCHROME2", 1
    data.Rows, data.Columns = pixels.shape
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation = 7, 0
    data.PixelData = pixels.tobytes()
    dcmwrite(path, data, enforce_file_format=True)


def text(path: Path, lines: str, bom: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = ("\ufeff" if bom else "").encode() + lines.lstrip("\n").encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def report_xml(number: int, findings: str, impression: str, terms: list[str],
               images: list[str]) -> bytes:  # fmt: skip
    mesh = "".join(f"<major>{term}</major>" for term in terms)
    shown = "".join(f'<parentImage id="{image}"><figureId>F1</figureId></parentImage>'
                    for image in images)  # fmt: skip
    return f"""<?xml version="1.0" encoding="utf-8"?>
<eCitation><meta type="rr"/><uId id="CXR{number}"/><MedlineCitation><Article><Abstract>
<AbstractText Label="COMPARISON">None.</AbstractText>
<AbstractText Label="INDICATION">Made-up cough</AbstractText>
<AbstractText Label="FINDINGS">{findings}</AbstractText>
<AbstractText Label="IMPRESSION">{impression}</AbstractText>
</Abstract></Article></MedlineCitation><MeSH>{mesh}</MeSH>{shown}</eCitation>""".encode()


def open_i(root: Path) -> Path:
    """Reports in their archive; PNGs of one study, DICOM of another, one report without images."""
    reports = {
        "1.xml": report_xml(1, "Lungs  clear.\n No &lt;3 mm nodule.", "Normal chest.", ["normal"],
                            ["CXR1_1_IM-0001-3001", "CXR1_1_IM-0001-4001"]),
        "2.xml": report_xml(2, "", "Large heart, basal opacity.",
                            ["Cardiomegaly/mild", "Opacity/lung/base/left", "Opacity/foot",
                             "Pulmonary Congestion"], ["CXR2_IM-0652-1001"]),
        "3.xml": report_xml(3, "", "", ["No Indexing"], ["CXR3_IM-1384-1001"]),
        "4.xml": report_xml(4, "Seen.", "", ["normal"], []),
        "5.xml": b"<eCitation><uId id='CXR5'",
    }  # fmt: skip
    root.mkdir(parents=True, exist_ok=True)
    with tarfile.open(root / "NLMCXR_reports.tgz", "w:gz") as archive:
        for name, data in reports.items():
            member = tarfile.TarInfo(f"ecgen-radiology/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    picture(root / "NLMCXR_png" / "CXR1_1_IM-0001-3001.png")
    dicom(root / "NLMCXR_dcm" / "1" / "1_IM-0001-4001.dcm", FILM.T.copy())
    dicom(root / "NLMCXR_dcm" / "2" / "2_IM-0652-1001.dcm")
    return root


def mimic_cxr(root: Path, zipped: bool = False) -> Path:
    """Two patients, four images, one of them not there; reports in folders or in the archive."""
    text(root / "mimic-cxr-2.0.0-metadata.csv.gz", """
dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns
aa-1,10000032,50000001,"CHEST (PA AND LAT), 2 VIEWS",PA,80,120
aa-2,10000032,50000001,CHEST (PA AND LAT),LATERAL,80,120
bb-1,11000011,51000001,CHEST (PORTABLE AP),AP,80,120
bb-2,11000011,51000002,CHEST (PORTABLE AP),,80,120
cc-1,../../etc,51000003,,AP,80,120
""")  # fmt: skip
    text(root / "mimic-cxr-2.0.0-split.csv.gz", """
dicom_id,study_id,subject_id,split
aa-1,50000001,10000032,train
aa-2,50000001,10000032,train
bb-1,51000001,11000011,validate
bb-2,51000002,11000011,test
""")  # fmt: skip
    head = "subject_id,study_id," + ",".join(sorted(PATHOLOGIES))
    blank = {name: "" for name in sorted(PATHOLOGIES)}
    for labeller, edema in (("chexpert", "1.0"), ("negbio", "-1.0")):
        ill = blank | {"Edema": edema, "Pneumothorax": "0.0", "Pneumonia": "-1.0"}
        fine = blank | {"No Finding": "1.0"}
        text(root / f"mimic-cxr-2.0.0-{labeller}.csv.gz", f"""
{head}
10000032,50000001,{",".join(ill.values())}
11000011,51000001,{",".join(fine.values())}
""")  # fmt: skip
    for path in ("p10/p10000032/s50000001/aa-1", "p10/p10000032/s50000001/aa-2",
                 "p11/p11000011/s51000001/bb-1"):  # fmt: skip
        picture(root / "files" / f"{path}.jpg")
    reports = {
        "files/p10/p10000032/s50000001.txt": (
            "                                 FINAL REPORT\n EXAMINATION:  CHEST (PA AND LAT)\n \n"
            " INDICATION:  ___F with made-up cough\n \n FINDINGS: \n \n Mild edema\n is seen.  No"
            " pneumothorax.\n \n IMPRESSION: \n \n 1. Mild edema.\n"),
        "files/p11/p11000011/s51000001.txt": (
            "                                 FINAL REPORT\n CHEST RADIOGRAPH\n\n INDICATION: "
            "Tube.\n\n As compared to the previous\n radiograph, nothing changed.\n"),
    }  # fmt: skip
    for name, said in {} if zipped else reports.items():
        text(root / name, said)
    if zipped:
        with zipfile.ZipFile(root / "mimic-cxr-reports.zip", "w") as archive:
            for name, said in reports.items():
                archive.writestr(name, said)
    return root


def chexpert(root: Path, batches: bool = False) -> Path:
    """The release as one tree or in the batches of the download; a quoted comma and odd labels."""
    name = "CheXpert-v1.0"
    head = f"Path,Sex,Age,Frontal/Lateral,AP/PA,{CHEXPERT}"
    one, two = f"{name}/train/patient00001/study1", f"{name}/train/patient00002/study2"
    tables = root / (f"{name} batch 1 (validate & csv)" if batches else name)
    text(tables / "train.csv", f"""
{head}
{one}/view1_frontal.jpg,Female,68,Frontal,AP,1.0,,,,,,,,,0.0,,,,1.0
{two}/view1_frontal.jpg,"Unknown, not said",0,Frontal,PA,,u,-1.0,1.0,,-1.0,-1.0,,0.0,,,,,
{two}/view2_lateral.jpg,Male,87,Lateral,,,,,,,-1.0,,,,,,,,
{two}/view2_lateral.jpg,Male,87,Lateral,,,,,,,1.0,,,,,,,,
{name}/train/patient00003/study1/view1_frontal.jpg,Male,50,Frontal,AP,,,,,,,,,,,,,,
""", bom=True)  # fmt: skip
    text(tables / "train_cheXbert.csv", f"""
{head}
{one}/view1_frontal.jpg,Female,68,Frontal,AP,,1.0,,,,,,,,0.0,,,,1.0
""")
    text(tables / "valid.csv", f"""
{head}
{name}/valid/patient64541/study1/view1_frontal.jpg,Male,73,Frontal,AP,{"0.0," * 13}1.0
""")
    train = root / (f"{name} batch 2 (train 1)" if batches else f"{name}/train")
    for path in ("patient00001/study1/view1_frontal.jpg", "patient00002/study2/view1_frontal.jpg",
                 "patient00002/study2/view2_lateral.jpg"):  # fmt: skip
        picture(train / path)
    text(train / "patient00003/study1/view1_frontal.jpg", "")
    picture(tables / "valid" / "patient64541/study1/view1_frontal.jpg")
    return root


def chexpert_plus(root: Path) -> Path:
    """Reports with line ends and quotes in one cell; labels as lines of JSON; images as PNG."""
    text(root / "df_chexpert_plus_240401.csv", '''
path_to_image,path_to_dcm,frontal_lateral,ap_pa,deid_patient_id,patient_report_date_order,report,section_narrative,section_findings,section_impression,age,sex,race,split
train/patient00001/study1/view1_frontal.jpg,train/patient00001/study1/view1_frontal.dcm,Frontal,AP,patient00001,1,"NARRATIVE: ...
IMPRESSION: 1. ""Small"" effusion.",,,"1. ""Small"" effusion,
   left.",50,Male,,train
train/patient00001/study1/view2_lateral.jpg,,Lateral,,patient00001,1,Whole report only.,,,,50,Male,,train
valid/patient64541/study1/view1_frontal.jpg,,Frontal,PA,patient64541,1,All.,,Clear lungs.,Normal.,50,Male,,valid
''')  # fmt: skip
    lines = [{"path_to_image": "train/patient00001/study1/view1_frontal.jpg",
              "Pleural Effusion": 1.0, "Edema": -1.0, "No Finding": None}]  # fmt: skip
    text(root / "chexbert_labels" / "impression_fixed.json", "\n".join(map(json.dumps, lines)))
    for path in ("train/patient00001/study1/view1_frontal", "train/patient00001/study1/"
                 "view2_lateral", "valid/patient64541/study1/view1_frontal"):  # fmt: skip
        picture(root / "PNG" / "PNG" / f"{path}.png")
    return root


def nih(root: Path) -> Path:
    """The headers of 2017 with their commas inside brackets; boxes, one of them out of frame."""
    text(root / "Data_Entry_2017.csv", """
Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],
00000001_000.png,Cardiomegaly|Effusion,0,1,058Y,M,PA,2682,2749,0.143,0.143,
00000001_001.png,No Finding,1,1,058Y,M,AP,2894,2729,0.143,0.143,
00000002_000.png,Infiltration|Hernia|Mass,0,2,081Y,M,PA,2500,2048,0.171,0.171,
00000003_000.png,No Finding,0,3,411Y,F,PA,2582,2991,0.143,0.143,
""")  # fmt: skip
    text(root / "BBox_List_2017.csv", """
Image Index,Finding Label,Bbox [x,y,w,h],,,
00000001_000.png,Effusion,512.0,512.0,256.0,128.0,,,
00000002_000.png,Infiltrate,1000.5,900,100,400,,,
00000002_000.png,Hernia,2000,0,10,10,,,
00000002_000.png,Mass,-50,-50,100,100,,,
""")  # fmt: skip
    text(root / "train_val_list.txt", "00000001_000.png\n00000001_001.png")
    text(root / "test_list.txt", "00000002_000.png\n00000003_000.png\n")
    full = np.tile(np.arange(1024) // 4, (1024, 1)).astype(np.uint8)
    picture(root / "images_001" / "images" / "00000001_000.png", full[::2, ::2])
    picture(root / "images_001" / "images" / "00000001_001.png")
    picture(root / "images_002" / "images" / "00000002_000.png", full)
    return root


def rsna(root: Path) -> Path:
    """A row a box, empty for the images without; classes in a table of their own."""
    text(root / "stage_2_train_labels.csv", """
patientId,x,y,width,height,Target
p-one,264.0,152.0,213.0,379.0,1
p-one,562.0,152.0,256.0,453.0,1
p-two,,,,,0
p-three,,,,,0
p-four,,,,,0
""")  # fmt: skip
    text(root / "stage_2_detailed_class_info.csv", """
patientId,class
p-one,Lung Opacity
p-one,Lung Opacity
p-two,Normal
p-three,No Lung Opacity / Not Normal
p-four,Normal
""")  # fmt: skip
    film = np.tile(np.arange(1024) // 4, (1024, 1)).astype(np.uint8)
    for name in ("p-one", "p-two", "p-three"):
        dicom(root / "stage_2_train_images" / f"{name}.dcm", film)
    return root


def vindr(root: Path) -> Path:
    """Three readers a training image, a consensus a test image, whose tables have other columns."""
    names = ("Aortic enlargement,Atelectasis,Cardiomegaly,Clavicle fracture,Edema,Infiltration,"
             "Lung Opacity,Nodule/Mass,Pleural effusion,Pneumonia,")  # fmt: skip
    text(root / "annotations" / "image_labels_train.csv", f"""
image_id,rad_id,{names}Other diseases,No finding
aaa,R1,1,0,1,0,0,0,0,0,0,0,0,0
aaa,R2,1,0,1,0,0,0,0,1,0,0,0,0
aaa,R3,0,0,0,0,0,0,0,0,0,0,1,0
bbb,R1,0,0,0,0,0,0,0,0,0,0,0,1
bbb,R2,0,0,0,0,0,0,0,0,0,0,0,1
bbb,R3,0,0,0,0,0,0,0,0,0,0,0,1
""")  # fmt: skip
    text(root / "annotations" / "annotations_train.csv", """
image_id,rad_id,class_name,x_min,y_min,x_max,y_max
aaa,R1,Cardiomegaly,10.5,20,60,70
aaa,R2,Cardiomegaly,12,20,500,70
aaa,R1,Aortic enlargement,30,5,50,25
bbb,R1,No finding,,,,
""")  # fmt: skip
    text(root / "annotations" / "image_labels_test.csv", f"""
image_id,{names}Other disease,No finding
ccc,0,0,0,1,0,1,0,0,0,0,0,0
""")  # fmt: skip
    text(root / "annotations" / "annotations_test.csv", """
image_id,class_name,x_min,y_min,x_max,y_max
ccc,Clavicle fracture,5,5,15,15
""")  # fmt: skip
    dicom(root / "train" / "aaa.dicom")
    dicom(root / "train" / "bbb.dicom")
    dicom(root / "test" / "ccc.dicom")
    return root


def padchest(root: Path) -> Path:
    """Lists in strings, with spaces, doubles and empty names; 16-bit PNGs in numbered folders."""
    text(root / "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv.gz", '''
,ImageID,ImageDir,StudyDate_DICOM,StudyID,PatientID,PatientBirth,PatientSex_DICOM,ViewPosition_DICOM,Projection,MethodProjection,Pediatric,Report,MethodLabel,Labels,Localizations
0,1111_aa.png,0,20140915,1111,901,1930.0,F,POSTEROANTERIOR,PA,Manual,No, sin hallazg patolog .,Physician,['normal'],[]
1,2222_bb.png,0,20150914,2222,902,1929.0,M,LATERAL,L,Manual,No,"cardiomegali , derram . ",Physician,"['cardiomegaly', ' pleural effusion', ' pleural effusion', '']","['loc basal']"
2,3333_cc.png,54,20150914,3333,902,,M,,AP_horizontal,Manual,No,sin cambi .,RNN_model,"['unchanged', ' infiltrates', 'NSG tube']",[]
3,4444_dd.png,54,20150914,4444,903,1950.0,M,,UNK,resnet-50.t7,No,,RNN_model,,
4,5555_ee.png,54,20150914,5555,904,1950.0,M,,PA,Manual,No,x,Physician,"['exclude', 'nodule']",[]
5,6666_ff.png,54,20150914,6666,905,1950.0,M,,PA,Manual,No,x,Physician,['normal'],[]
''')  # fmt: skip
    deep = (np.tile(np.linspace(0, 65535, 100), (70, 1))).astype(np.uint16)
    for name in ("0/1111_aa", "0/2222_bb", "54/3333_cc", "54/4444_dd", "54/5555_ee"):
        picture(root / f"{name}.png", deep)
    return root


def siim(root: Path) -> Path:
    """The space in the header, -1 with and without a space, two masks of one image, damage."""
    text(root / "train-rle.csv", """
ImageId, EncodedPixels
1.2.3.1, -1
1.2.3.2,10 5 1019 5
1.2.3.2, 3072 2
1.2.3.3,1048570 100
1.2.3.4,-1
""")
    film = np.tile(np.arange(1024) // 4, (1024, 1)).astype(np.uint8)
    for number in (1, 2, 3):
        dicom(root / "dicom-images-train" / f"9.{number}" / f"8.{number}" / f"1.2.3.{number}.dcm",
              film)  # fmt: skip
    return root


def covid(root: Path) -> Path:
    """Notes with commas, a CT, findings as paths, lungs as masks and as boxes."""
    text(root / "metadata.csv", """
patientid,offset,sex,age,finding,RT_PCR_positive,survival,view,modality,date,location,folder,filename,doi,url,license,clinical_notes,other_notes,
2,0,M,65,Pneumonia/Viral/COVID-19,Y,Y,PA,X-ray,2020,,images,a.film.jpeg,,,,"Infiltrate, left.",,
2,3,M,65,Pneumonia/Viral/COVID-19,Y,Y,AP Supine,X-ray,2020,,images,b.png,,,,,,
4,0,F,52,No Finding,,,L,X-ray,2020,,images,c.png,,,,,,
5,0,F,52,todo,,,AP,X-ray,2020,,images,d.png,,,,,,
6,0,F,52,Pneumonia,,,Axial,CT,2020,,volumes,e.nii.gz,,,,,,
7,0,F,52,Tuberculosis,,,PA,X-ray,2020,,images,../metadata.csv,,,,,,
""")  # fmt: skip
    for name in ("b.png", "c.png", "d.png"):
        picture(root / "images" / name)
    Image.fromarray(FILM).save(root / "images" / "a.film.jpeg")
    lungs = np.zeros((80, 120), np.uint8)
    lungs[10:60, 20:50] = 255
    picture(root / "annotations" / "lungVAE-masks" / "a.film_mask.png", lungs)
    boxes = {"categories": [{"id": 1, "name": "Right Lung"}],
             "images": [{"id": 3, "file_name": "a.film.jpeg", "height": 160, "width": 240}],
             "annotations": [{"id": 1, "image_id": 3, "category_id": 1,
                              "bbox": [40, 20, 60, 100]}]}  # fmt: skip
    text(root / "annotations" / "imageannotation_ai_lung_bounding_boxes.json", json.dumps(boxes))
    return root


PHRASES = [
    ("aa-1", "files/p10/p10000032/s50000001/aa-1.jpg", "Edema", "mild edema", [10, 10, 40, 30]),
    ("aa-1", "files/p10/p10000032/s50000001/aa-1.jpg", "Edema", "mild edema", [70, 10, 40, 30]),
    ("aa-1", "files/p10/p10000032/s50000001/aa-1.jpg", "Pleural Effusion",
     "Blunting, on the left.", [100, 60, 90, 90]),
    ("zz-9", "files/p19/p19999999/s59999999/zz-9.jpg", "Pneumonia", "pneumonia", [1, 1, 5, 5]),
]  # fmt: skip


def ms_cxr(root: Path, as_json: bool = False) -> Path:
    """A row a box, phrases again for each; drawn on the published size of the image."""
    if not as_json:
        rows = [f'{category},"{phrase}",{path},{",".join(map(str, box))},{dicom_id},240,160'
                for dicom_id, path, category, phrase, box in PHRASES]  # fmt: skip
        head = "category_name,label_text,path,x,y,w,h,dicom_id,image_width,image_height"
        text(root / "MS_CXR_Local_Alignment_v1.0.0.csv", "\n".join([head, *rows]))
        return root
    names = sorted({category for _, _, category, _, _ in PHRASES})
    paths = sorted({path for _, path, _, _, _ in PHRASES})
    text(root / "MS_CXR_Local_Alignment_v1.0.0.json", json.dumps({
        "categories": [{"id": n, "name": name} for n, name in enumerate(names)],
        "images": [{"id": n, "file_name": Path(path).name, "path": path, "width": 240,
                    "height": 160} for n, path in enumerate(paths)],
        "annotations": [{"id": n, "image_id": paths.index(path), "category_id":
                         names.index(category), "label_text": phrase, "bbox": box}
                        for n, (_, path, category, phrase, box) in enumerate(PHRASES)],
    }))  # fmt: skip
    return root


def segmentation(left: int, top: int, right: int, low: int) -> dict[str, object]:
    mask = np.zeros((80, 120), np.uint8, order="F")
    mask[top:low, left:right] = 1
    runs = coco.encode(mask)
    return {"size": runs["size"], "counts": runs["counts"].decode()}


def chexlocalize(root: Path) -> Path:
    """val_labels.csv says valid/ where the folder is val/; the test table has no views."""
    text(root / "CheXpert" / "val_labels.csv", f"""
Path,Sex,Age,Frontal/Lateral,AP/PA,{CHEXPERT}
CheXpert-v1.0/valid/patient64541/study1/view1_frontal.jpg,Male,73,Frontal,AP,{"0.0," * 13}1.0
""")
    text(root / "CheXpert" / "test_labels.csv", f"""
Path,{CHEXPERT}
test/patient64741/study1/view1_frontal.jpg,0.0,1.0,{"0.0," * 11}0.0
test/patient64742/study1/view2_lateral.jpg,1.0,0.0,{"0.0," * 11}0.0
""")
    picture(root / "CheXpert" / "val" / "patient64541" / "study1" / "view1_frontal.jpg")
    picture(root / "CheXpert" / "test" / "patient64741" / "study1" / "view1_frontal.jpg",
            FILM[::2, ::2])  # fmt: skip
    picture(root / "CheXpert" / "test" / "patient64742" / "study1" / "view2_lateral.jpg")
    empty = segmentation(0, 0, 0, 0)
    text(root / "CheXlocalize" / "gt_segmentations_val.json", json.dumps({
        "patient64541_study1_view1_frontal": {
            "Support Devices": segmentation(10, 20, 30, 60), "Airspace Opacity":
            segmentation(50, 0, 60, 80), "Edema": empty,
            "Atelectasis": {"size": [80, 120], "counts": "zzzz~~~"},
            "Consolidation": {"size": [80, 120], "counts": "0"}}}))  # fmt: skip
    text(root / "CheXlocalize" / "gt_segmentations_test.json", json.dumps({
        "patient64741_study1_view1_frontal": {
            "Enlarged Cardiomediastinum": segmentation(40, 20, 80, 60)}}))  # fmt: skip
    return root


def chestx_det10(root: Path) -> Path:
    """Corners, not widths; a finding again and again; images without any."""
    text(root / "train.json", json.dumps([
        {"file_name": "00000042_006.png", "syms": ["Effusion", "Calcification", "Effusion"],
         "boxes": [[632, 721, 909, 969], [129, 611, 474, 909], [0, 0, "x", 3]]},
        {"file_name": "00000043_000.png", "syms": ["Mass"], "boxes": [[1, 2, 3, 4]]}]))  # fmt: skip
    text(root / "test.json", json.dumps([
        {"file_name": "00000003_003.png", "syms": [], "boxes": []}]))  # fmt: skip
    film = np.tile(np.arange(1024) // 4, (1024, 1)).astype(np.uint8)
    picture(root / "train_data" / "00000042_006.png", film)
    picture(root / "test_data" / "00000003_003.png", film)
    return root


MAKERS = {
    "open-i": open_i, "mimic-cxr": mimic_cxr, "chexpert": chexpert, "chexpert-plus": chexpert_plus,
    "nih": nih, "rsna": rsna, "vindr": vindr, "padchest": padchest, "siim": siim, "covid": covid,
    "chexlocalize": chexlocalize, "chestx-det10": chestx_det10,
}  # fmt: skip
