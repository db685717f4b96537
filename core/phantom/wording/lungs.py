"""What reports say of findings of the lungs and the pleura."""

from core.phantom.wording.grammar import HIGH, LOW, MID, Wording

EFFUSION = (
    Wording("{volume} {side} pleural effusion", "a", sides="one"),
    Wording("{volume} {side} pleural effusion", "a", sides="one"),
    Wording("{volume} {side}[-sided| sided] pleural effusion", "a", sides="one", held_out=True),
    Wording("{volume} {side} effusion", "a", sides="one"),
    Wording("{volume} pleural effusion on the {side}", "a", sides="one"),
    Wording("[small|trace] amount of {side} pleural fluid", "a", sides="one", bands=(LOW,)),
    Wording("moderate amount of {side} pleural fluid", "a", sides="one", bands=(MID,)),
    Wording("large amount of {side} pleural fluid", "a", sides="one", bands=(HIGH,)),
    Wording("{volume} [bilateral|bilateral|two-sided] pleural effusions", "many", sides="both"),
    Wording("{volume} bilateral effusions", "many", sides="both"),
    Wording("{volume} pleural effusions on both sides", "many", sides="both"),
    Wording(
        "blunting of the {side} costophrenic angle",
        "some",
        sign=True,
        sides="one",
        bands=(LOW, MID),
    ),
    Wording(
        "[obscuration|blunting] of the {side} costophrenic [angle|sulcus] by [an effusion|fluid]",
        "some",
        sign=True,
        sides="one",
    ),
    Wording(
        "blunting of both costophrenic angles", "some", sign=True, sides="both", bands=(LOW, MID)
    ),
    Wording("the {side} costophrenic angle is blunted", sides="one", bands=(LOW, MID)),
    Wording("the {side} costophrenic angle is obscured", sides="one", bands=(MID, HIGH)),
    Wording("both costophrenic angles are blunted", sides="both", bands=(LOW, MID)),
    Wording("both costophrenic angles are obscured by fluid", sides="both", bands=(MID, HIGH)),
    Wording(
        "[pleural fluid|fluid] [layers|collects] at the {side} base [with a meniscus|]", sides="one"
    ),
    Wording(
        "the {side} hemidiaphragm is obscured by a [large|sizeable] pleural effusion",
        sides="one",
        bands=(HIGH,),
    ),
    Wording("pleural fluid collects at both bases", sides="both"),
    Wording("a meniscus at the {side} base [indicates|points to] pleural fluid", sides="one"),
    Wording("the {side} pleural recess is filled with fluid", sides="one", held_out=True),
    Wording(
        "{volume} collection of fluid in the {side} pleural space", "a", sides="one", held_out=True
    ),
    Wording(
        "{volume} fluid collections in both pleural spaces", "many", sides="both", held_out=True
    ),
    Wording("{side} hydrothorax", "a", sides="one", held_out=True),
    Wording("both costophrenic recesses hold fluid", sides="both", held_out=True),
)

PNEUMOTHORAX = (
    Wording("{volume} {side} pneumothorax", "a"),
    Wording("{volume} {side} pneumothorax", "a"),
    Wording("{volume} {side} apical pneumothorax", "a"),
    Wording("{volume} pneumothorax on the {side}", "a"),
    Wording("{volume} pneumothorax at the {side} apex", "a"),
    Wording("a {side} pleural line [is visible|is seen] with no lung markings beyond it"),
    Wording("[a thin|the visceral] pleural line is visible at the {side} apex"),
    Wording("lung markings are absent at the {side} apex, consistent with pneumothorax"),
    Wording(
        "lucency at the {side} apex without lung markings", "some", sign=True, bands=(MID, HIGH)
    ),
    Wording("pleural air at the {side} apex", "some"),
    Wording(
        "the {side} lung is partly collapsed by a [large|sizeable] pneumothorax", bands=(HIGH,)
    ),
    Wording("free air in the {side} pleural space", "some", held_out=True),
    Wording("the {side} lung edge is separated from the chest wall by air", held_out=True),
    Wording("{volume} {side}[-sided| sided] pneumothorax", "a", held_out=True),
    Wording(
        "no vessels reach the chest wall at the {side} apex, where there is pleural air",
        held_out=True,
    ),
)

CONSOLIDATION = (
    Wording("{density} {lobe} consolidation", "some", kind="lobar"),
    Wording("{density} consolidation [in|of] the {lobe}", "some", kind="lobar"),
    Wording("{density} {lobe} [airspace|airspace|] opacity", "a", sign=True, kind="lobar"),
    Wording(
        "{density} {lobe} opacity with air bronchograms",
        "a",
        sign=True,
        kind="lobar",
        bands=(MID, HIGH),
    ),
    Wording("{density} airspace disease in the {lobe}", "some", kind="lobar"),
    Wording("{density} opacification of the {lobe}", "some", sign=True, kind="lobar"),
    Wording("{lobe} pneumonia", "some", kind="lobar"),
    Wording("the {lobe} is [opacified|consolidated]", kind="lobar", bands=(MID, HIGH)),
    Wording(
        "{lobe} opacity [concerning for|compatible with] pneumonia", "a", sign=True, kind="lobar"
    ),
    Wording("consolidation [in|at] {area}", "some"),
    Wording("{density} patchy [airspace opacity|consolidation] in {area}", "some", kind="patchy"),
    Wording("{density} patchy [airspace|] opacities in {area}", "many", sign=True, kind="patchy"),
    Wording(
        "{density} patchy {side} {zone} zone consolidation", "some", kind="patchy", sides="one"
    ),
    Wording(
        "{density} {side} {zone} lung airspace opacity", "a", sign=True, kind="patchy", sides="one"
    ),
    Wording("{density} bilateral patchy consolidation", "some", kind="patchy", sides="both"),
    Wording(
        "{density} bilateral [patchy|multifocal] airspace opacities",
        "many",
        sign=True,
        kind="patchy",
        sides="both",
    ),
    Wording("patchy opacity in {area} [suggests|is suspicious for] pneumonia", kind="patchy"),
    Wording("alveolar filling in {area}", "some", held_out=True),
    Wording("{density} infiltrate in {area}", "a", sides="one", held_out=True),
    Wording("{density} infiltrates in {area}", "many", sides="both", held_out=True),
    Wording("{density} {lobe} infiltrate", "a", kind="lobar", held_out=True),
    Wording("airspace filling process in {area}", "a", held_out=True),
)

LESION = (
    Wording("{nodular} [lung|pulmonary] nodule in {area}", "a", kind="nodule"),
    Wording("{nodular} {side} {zone} [lung|zone] nodule", "a", kind="nodule"),
    Wording("{nodular} nodule in the {side} lung", "a", kind="nodule"),
    Wording("{nodular} nodular opacity in {area}", "a", sign=True, kind="nodule"),
    Wording("a {nodular} nodule projects over {area}", kind="nodule"),
    Wording("{nodular} {side} [lung|pulmonary] nodule", "a", kind="nodule"),
    Wording("{masslike} [lung|pulmonary] mass in {area}", "a", kind="mass"),
    Wording("{masslike} {side} {zone} [lung|zone] mass", "a", kind="mass"),
    Wording("{masslike} mass in the {side} lung", "a", kind="mass"),
    Wording("{masslike} {side} [lung|pulmonary] mass", "a", kind="mass"),
    Wording("a {masslike} mass projects over {area}", kind="mass"),
    Wording("mass-like opacity in {area}", "a", sign=True, kind="mass"),
    Wording(
        "{side} {zone} zone mass suspicious for [malignancy|neoplasm]", "a", sign=True, kind="mass"
    ),
    Wording("[rounded|focal] lesion in {area}", "a"),
    Wording("{side} {zone} lung lesion", "a"),
    Wording("coin lesion in {area}", "a", kind="nodule", held_out=True),
    Wording("[round|circumscribed] density in {area}", "a", sign=True, held_out=True),
    Wording("space-occupying lesion of the {side} lung", "a", kind="mass", held_out=True),
    Wording("tumor-like density projects over {area}", kind="mass", held_out=True),
    Wording("a nodular shadow overlies {area}", kind="nodule", held_out=True),
)

_LINEAR = "[linear|platelike|subsegmental|discoid|bandlike]"
ATELECTASIS = (
    Wording(f"{{degree}} {_LINEAR} atelectasis [at|in] {{area}}", "some", kind="linear"),
    Wording("{degree} atelectasis [at|in] {area}", "some"),
    Wording("{degree} {side} {zone} atelectasis", "some", kind="linear", zone="basal"),
    Wording(f"{{side}} {{zone}} {_LINEAR} atelectasis", "some", kind="linear", zone="basal"),
    Wording("{degree} {side} mid lung atelectasis", "some", kind="linear", zone="middle"),
    Wording(
        "[linear|streaky|bandlike] opacity in {area} [consistent|compatible] with atelectasis",
        "some",
        sign=True,
        kind="linear",
    ),
    Wording("[linear|streaky] opacities at {area} represent atelectasis", kind="linear"),
    Wording("{degree} {lobe} atelectasis", "some", kind="lobar"),
    Wording("{degree} atelectasis of the {lobe}", "some", kind="lobar"),
    Wording("{lobe} [collapse|volume loss]", "some", kind="lobar"),
    Wording("partial collapse of the {lobe}", "some", kind="lobar", bands=(LOW, MID)),
    Wording("[complete|near complete] collapse of the {lobe}", "some", kind="lobar", bands=(HIGH,)),
    Wording("{degree} volume loss in the {lobe}", "some", kind="lobar"),
    Wording("the {lobe} is [atelectatic|collapsed]", kind="lobar", bands=(MID, HIGH)),
    Wording("{degree} atelectatic [change|changes] in {area}", "some", held_out=True),
    Wording("reduced aeration of the {lobe} from atelectasis", "some", kind="lobar", held_out=True),
    Wording("plate of atelectasis crosses {area}", kind="linear", sides="one", held_out=True),
    Wording("incomplete expansion of the {lobe}", "some", kind="lobar", held_out=True),
)
