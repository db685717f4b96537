"""The words by which reports name findings, as regular expressions on lower-case American text.

The table knows nothing of the phrases that `statements` writes, so that one can check the other.
Where two terms overlap the longer one counts.
"""

# ruff: noqa: E501

import re

_GAP = r"(?: (?!and|with|but|or|normal|clear|unremarkable)[\w-]+){0,5}?"
_HEART = (
    r"(?:heart(?: size| shadow| silhouette)?|\bcor\b|cardiac (?:size|shadow|silhouette|contours?|outline)|"
    r"cardio-?pericardial silhouette)"
)
_BIG = (
    r"(?:enlarged|increased?|above normal|enlargement|big|dilated|widened|prominent|bigger|too large|larger|"
    r"large(?= *$)|globular|wider)"
)
_CTR = r"(?:(?:cardio-?thoracic|ct) (?:ratio|index)|\bctr)"
_MEDIASTINUM = r"(?:cardio-?)?mediastin(?:um|al)(?: (?:silhouette|contours?|structures|width))?"
_SULCUS = r"(?:costo-?phrenic|cp|cardiophrenic|posterior|lateral)(?: (?:angles?|sulc(?:us|i)|recess(?:es)?|xxxx))"  # fmt: skip
_LOST = r"(?:loss|blunt(?:ed|ing)|obscured|obscuration|obliterat(?:ed|ion)|effaced|filled in|lost)"
_AIR = r"(?:air|gas)"
_SPACE = r"(?:pleural (?:spaces?|cavit(?:y|ies)|recess(?:es)?)|pleura\b)"
_MARKINGS = r"(?:interstitial|bronchovascular|perihilar|parahilar|lung|bronchial|reticular)(?: lung)? (?:markings?|patterns?)"
_MORE = r"(?:increase[ds]?|prominent|prominence|thickened|coarse(?:ned)?|accentuated|chronic|irregular|diffuse|abnormal)"
_BONE = r"(?:ribs?|clavicles?|clavicular|collar ?bones?|sternum|sternal|humer\w+|vertebral?)"
_CORTEX = r"(?:cortical|cortex)"

TERMS: tuple[tuple[str, str, str], ...] = (
    ("Cardiomegaly", "", r"cardiomegaly|megalocardia|enlarged (?:heart|cardiac|cor\b)\w*(?: (?:silhouette|shadow|size|contours?|outline))?"),
    ("Cardiomegaly", "", rf"{_HEART}{_GAP} {_BIG}(?: in (?:size|width))?"),
    ("Cardiomegaly", "", rf"(?:{_BIG}|large|big)(?: (?:transverse|in|of|the|globular|diameter)){{0,4}} {_HEART}"),
    ("Cardiomegaly", "", r"cardiac enlargement|enlargement of the (?:heart|cardiac \w+)|cor bovinum|cardiac dilatation"),
    ("Cardiomegaly", "", rf"(?:{_BIG}|elevated|raised|high) {_CTR}|{_CTR}(?:{_GAP} (?:increased|elevated|high|above|over|greater than|more than|exceeds|raised|enlarged)| ?>)(?: (?:0?\.5|one half|50 ?(?:percent|%)|half))?"),
    ("Cardiomegaly", "", r"heart (?:takes up|occupies|fills|spans) more than half[\w ]*|(?:biventricular|ventricular|atrial) enlargement|\bbig heart"),
    ("Enlarged Cardiomediastinum", "", rf"{_MEDIASTINUM}{_GAP} (?:widened|prominent|enlarged|broad|wide|widening|increased|enlargement)"),
    ("Enlarged Cardiomediastinum", "", rf"(?:widen(?:ed|ing)|prominent|wide|enlarged|broad|broadening|enlargement)(?: of| the| superior| upper){{0,3}} {_MEDIASTINUM}"),
    ("Lung Opacity", "", r"infiltrat(?:e|es|ion|ions)|opacit(?:y|ies)|opacifications?|opacified|reticulation|lung markings (?:are )?(?:increased|coarse)"),
    ("Lung Opacity", "", r"(?:patchy|hazy|ill-defined|streaky|focal|increased|confluent) (?:lung )?(?:densit(?:y|ies)|haziness|shadow(?:ing)?|shadows)|haz[ei](?:ness)?"),
    ("Lung Opacity", "", r"(?:lung|pulmonary) (?:shadow(?:ing|s)?|whiteness)|shadow(?:s|ing)? (?:on|in|over) (?:the |either |both )?(?:left |right )?lungs?|white (?:patch(?:es)?|areas?)(?: (?:in|on|over) (?:the |both )?(?:\w+ )?lungs?)?"),
    ("Lung Opacity", "markings", r"(?:interstitial|bronchovascular|perihilar|reticular|bronchial) (?:lung )?(?:prominence|thickening|densit(?:y|ies)|opacit(?:y|ies))|reticular (?:markings|pattern)"),
    ("Lung Opacity", "markings", rf"{_MORE}(?: [\w-]+){{0,3}}? (?:{_MARKINGS})|(?:{_MARKINGS}){_GAP} {_MORE}"),
    ("Lung Lesion", "nodule", r"nodul(?:e|es|ar (?:opacit(?:y|ies)|densit(?:y|ies)|shadows?|lesions?|foci|focus)(?: (?:in|on|over) (?:the |both )?(?:left |right )?lungs?)?)|coin lesions?|\bspn\b|micronodul\w+|nodularity"),
    ("Lung Lesion", "mass", r"mass(?:es)?(?:[ -]?like (?:opacit(?:y|ies)|densit(?:y|ies)|lesions?|shadows?|consolidation))?|mass lesions?|tumou?rs?|neoplas(?:m|ms|tic \w+)|lumps?|carcinomas?|cancers?"),
    ("Lung Lesion", "", r"(?:round(?:ed)?|circumscribed|ovoid|oval|well-defined|tumou?r-like)(?: soft tissue| lung| pulmonary)* (?:lesions?|opacit(?:y|ies)|densit(?:y|ies)|shadows?)(?: (?:in|on|over) (?:the |both )?(?:left |right )?lungs?)?"),
    ("Lung Lesion", "", r"(?:lung|pulmonary|space-occupying|cavitary|suspicious|focal lung|parenchymal) lesions?|lesions?|metasta\w+|malignan\w+|spots?(?: (?:is|are|seen|noted))* (?:on|in|over) (?:the |either |both )?(?:left |right )?lungs?|growths?(?: in the (?:\w+ )?lungs?)?"),
    ("Edema", "", r"(?:pulmonary |interstitial |alveolar |hydrostatic |cardiogenic |flash |lung )*edema(?:tous)?|fluid overload|volume overload|overhydrat\w+"),
    ("Edema", "", r"(?:congestive )?(?:heart|cardiac) failure|\bchf\b|cardiac decompensation|decompensated heart"),
    ("Edema", "", r"(?:(?:pulmonary )?(?:vascular|venous)|pulmonary|lung|central vascular) (?:congestion|engorgement|plethora|hypertension|redistribution|prominence|indistinctness)|congestion"),
    ("Edema", "", rf"(?:pulmonary )?(?:vascul(?:ar|ature|arity)|vessels|veins|vascular markings|lungs?(?: fields)?)(?: markings)?{_GAP} (?:congested|engorged|indistinct|cephali[sz]ed|redistributed|distended|ill-defined|increased|prominent|blurred)"),
    ("Edema", "", r"(?:indistinct|engorged|congested|distended|prominent|hazy|blurred|increased|cephali[sz]ed)(?: central| pulmonary| perihilar| upper lobe)* (?:vascul(?:ar|ature|arity)|vessels|veins|vascular markings|lungs?)"),
    ("Edema", "", r"cephali[sz]ation|kerley(?: b)?(?:[ -]lines?)?|\bb[ -]lines|bat[ -]?wing\w*(?: \w+){0,2}|(?:septal|interlobular septal) (?:lines|thickening)|peribronchial cuffing|(?:wet|water-?logged) lungs?|(?:water|fluid) (?:in|on) (?:the |both )?lungs?|lungs? (?:is |are )?(?:full of|filled with|holding) (?:fluid|water)|perihilar (?:haze|haziness)|haz(?:e|iness) (?:about|around) (?:both|the) hila"),
    ("Edema", "", r"(?:excess )?(?:fluid|water) (?:in|of) (?:the )?(?:pulmonary |lung )?(?:interstiti\w+|alveol\w+|air sacs)[\w ]*?(?: of both lungs)?"),
    ("Consolidation", "", r"(?:airspace |air-space |alveolar |lobar )?consolidat(?:ion|ions|ed|ive(?: change)?s?)|hepati[sz]ation|air ?bronchograms?"),
    ("Consolidation", "", r"(?:air[- ]?space|alveolar)(?: confluent| lung){0,1} (?:diseases?|opacit(?:y|ies)|opacification|filling(?: process)?|infiltrat\w+|process(?:es)?|shadowing(?: (?:in|on|over) (?:the |both )?(?:left |right )?lungs?)?|densit(?:y|ies)|changes?|abnormalit\w+)"),
    ("Consolidation", "", r"(?:solid(?:ified)?|filled-in|filled|airless) (?:lung|lobe|air ?spaces|alveoli)|(?:lung|lobe)(?: (?:is|are|has|become|turned|not)){1,2} solid|(?:air ?sacs|alveoli|air ?spaces)(?: \w+){0,5}? (?:filled|full|replaced)(?: (?:with|by|of) [\w ]+)?|silhouette sign"),
    ("Pneumonia", "", r"(?:broncho|pleuro)?pneumoni(?:a|as|c|tis)|\bpna\b|\bcap\b|(?:lung|chest|pulmonary|lower respiratory tract|respiratory|lobar) infections?|infected|pneumonic (?:infiltrates?|consolidations?|focus|process|changes?)|infecti(?:on|ous)(?: (?:process|infiltrates?|consolidation|etiology|change))?|\blrti\b"),
    ("Atelectasis", "", r"atelecta(?:sis|ses|tic(?: (?:changes?|bands?|lung|segments?|collapse))?)"),
    ("Atelectasis", "", r"(?:loss of (?:lung )?volume|volume loss|lost volume|(?:lobar|segmental|lobe|partial|complete|subsegmental|lung base) collapse|collapsed (?:\w+ ){0,3}(?:lobes?|segment|lung bases?|lingula)|collapsed (?:part|portion|area) of|(?:incomplete|poor|reduced) (?:expansion|aeration)|under-?(?:aerat|expand|inflat)ed (?:left |right |bilateral )?(?:lobe|lung base|segment)s?|unexpanded lung|airlessness)"),
    ("Atelectasis", "", r"(?:lobes?|lingula|lung bases?|segment)(?: \w+){0,5}? (?:collapsed?|shrunken)(?: (?:left|right) lobe)?|collapse(?! of the vertebra)(?: of (?:the )?(?:\w+ ){0,3}(?:lobes?|lung|base|lingula))?"),
    ("Atelectasis", "", r"plate[- ]?like (?:bands?|opacit\w+|densit\w+|scarring)|(?:discoid|linear|bandlike|band-like|plate[- ]?like|streaky)(?: \w+){0,3}? atelecta\w+|lobe has lost volume"),
    ("Pneumothorax", "", r"(?:hydro|hemo|tension |hydro-)?pneumo-?thora(?:x|ces|xes)|\bptx\b|\bpnx\b|\bptxs\b|collapsed (?:left |right |bilateral )?lungs?|lungs?(?: (?:is|are|has|have|not|partly|completely|partially|fully|been)){0,3} collapsed(?: by (?:air|a (?:\w+ )?pneumothorax))?|collapse of (?:the |both )?(?:(?:left|right|whole|entire) )*lungs? by air"),
    ("Pneumothorax", "", rf"(?:free |extrapleural |trapped )?(?:pleural {_AIR}|{_AIR} (?:in|within|inside) (?:the |both )?(?:\w+ )?{_SPACE}|intrapleural {_AIR})"),
    ("Pneumothorax", "", rf"{_AIR} (?:outside|around|beside|surrounding|between) (?:of )?(?:the |both )?(?:\w+ )?lungs?(?: and (?:the )?chest wall| edge)?|lungs?(?: edge)?(?: \w+){{0,6}}? (?:by|with) (?:free )?{_AIR}|air(?: has| is)? leak(?:ed|ing)?(?: \w+){{0,6}}? (?:pleural spaces?|lung|chest)|air surrounds? (?:the |both )?(?:\w+ )?lungs?|{_SPACE}{_GAP} (?:holds?|contains?)(?: no)? {_AIR}"),
    ("Pneumothorax", "", r"(?:visceral )?pleural (?:line|edge|stripe)(?! thickening)|(?:no|absent|without|loss of|lack of|missing)(?: (?!pulmonary|engorged|congested)\w+){0,2}? (?:(?:lung|vascular|pulmonary|bronchovascular) markings|(?:lung |pulmonary )?vessels(?= (?:are|is|seen|reach|beyond|visible)))(?:(?: \w+){0,6}? (?:beyond|peripher\w+|lateral\w*|at|outside)\b(?: (?!is|are|was|cannot|can|may|not)\w+){0,4})?|deep sulcus sign|lung (?:edge|margin|border)(?: \w+){0,5}? (?:chest wall|visible|seen|separated|retracted)|lung markings(?: \w+){0,4}? (?:absent|missing|stop short|do not reach)(?: \w+){0,5}"),
    ("Pleural Effusion", "", r"(?:pleural |subpulmonic |parapneumonic )*effusions?|pleural fluid|hydro-?thora(?:x|ces)|hemo-?thora(?:x|ces)|empyema|pleural collections?|fluid (?:in|within|fills|filling|along) (?:the |both )?(?:\w+ )?(?:pleural \w+|fissures?|costophrenic \w+|cp \w+)"),
    ("Pleural Effusion", "", r"(?:fluid|water)(?: (?:has|is|have|are|built|builds|up|gathered)){0,3} (?:around|outside|surrounding|beside|about|under|beneath|between) (?:of )?(?:the |both )?(?:\w+ )?lungs?(?: and (?:the )?chest wall)?|(?:fluid|water) (?:on|at|layers? at|layering at|layering in|collects? at|pooling at|pools at) (?:the |both )?(?:\w+ )?(?:lung )?(?:bases?|pleura\w*(?: spaces?)?|chest)|(?:pleural )?fluid (?:layer(?:s|ing)?|collections?)(?: (?:in|of) (?:the |both )?(?:\w+ )?pleural spaces?)?|menisc(?:us|al|i)(?: signs?)?|(?:fluid|water) on (?:the |both )?(?:\w+ )?lung linings?|surrounded by (?:fluid|water)|layering fluid|(?:hemi-?)?diaphragms?(?: \w+){0,3}? obscured by (?:pleural )?fluid"),
    ("Pleural Effusion", "", rf"{_LOST}(?: of)?(?: the| both| bilateral)?(?: left| right)?(?: lateral| posterior)? {_SULCUS}|{_SULCUS}{_GAP} {_LOST}|{_SULCUS}(?: \w+){{0,2}}? hold fluid|(?:pleural (?:recess|space)|lateral recess|{_SULCUS})(?:es|s)?{_GAP} (?:holds?|filled with|contains?|free of|clear of)(?: no)? fluid"),
    ("Pleural Other", "", r"pleural (?:thickening|plaques?|scarring|scars?|calcifications?|fibrosis|capping|peel|tags?|reaction)|pleuro-?parenchymal (?:scar\w*|thickening|irregularit\w+|changes?)|thickened (?:left |right |bilateral )?pleura|pleura(?: \w+){0,3}? thick(?:ened)?|fibrothorax|apical (?:pleural )?(?:cap(?:s|ping)?|thickening)|thickening (?:of|along) (?:the )?(?:left |right |bilateral |both )*pleura|calcified pleura\w*|asbestos plaques?"),
    ("Fracture", "rib", r"(?:rib|costal) fractures?|(?:broken|cracked|fractured) (?:left |right |bilateral |both )?ribs?|ribs?(?: \w+){0,3}? (?:fractured|broken|cracked)|(?:fractures?|breaks?) (?:of|in|through) (?:the |a |an )?(?:\w+ ){0,4}?ribs?"),
    ("Fracture", "clavicle", r"(?:clavic(?:le|ular)|collar ?bone) fractures?|(?:fractured|broken) (?:the |both |left |right |bilateral )*(?:clavicles?|collar ?bones?)|(?:clavicles?|collar ?bones?)(?: \w+){0,3}? (?:fractured|broken)|(?:fractures?|break) (?:of|in|through) (?:the |a )?(?:\w+ ){0,2}?(?:clavicles?|collar ?bones?)"),
    ("Fracture", "", r"fractur(?:e|es|ed)|\bfx\b|\bfxs\b|broken (?:a |the )?bones?|breaks? in (?:the |a )?bones?|bony (?:break|discontinuity)|(?:bones?|ribs?)(?: \w+){0,3}? broken"),
    ("Fracture", "", rf"(?:{_CORTEX} (?:break|breach|step|step-off|discontinuity|disruption|irregularity))(?: of (?:the |a |an )?(?:\w+ ){{0,4}}?{_BONE})?"),
    ("Fracture", "deformity", r"(?:compression|wedge|xxxx|anterior|vertebral body) (?:xxxx )?(?:deformit(?:y|ies)|wedging)(?: of (?:a |the )?(?:\w+ ){0,3}?(?:t\d+|l\d+|vertebra\w*))?|wedging|(?:\w+ )?ribs?(?: contour)? deformit(?:y|ies)|deformity of t\d+"),
    ("Fracture", "abnormality", r"(?:acute )?(?:bony|osseous|skeletal|bone)(?: \w+){0,2}? (?:abnormalit(?:y|ies)|findings?|injur(?:y|ies)|trauma)"),
    ("Support Devices", "pacemaker", r"(?:cardiac |dual[- ]chamber |single[- ]chamber )*(?:pace ?makers?|pacers?|pacing (?:devices?|leads?|wires?)|icd|aicd|defibrillators?|(?:cardiac )?(?:rhythm|conduction) devices?|xxxx generator)(?: (?:leads?|wires?|generator|battery))*|(?:cardiac )?pacing"),
    ("Support Devices", "endotracheal tube", r"(?:endotracheal|et|tracheal|breathing|tracheostomy|endo-tracheal|ventilator)(?: xxxx)? (?:tubes?|cannula)|\bett\b|intubated|tracheostomy|intubation"),
    ("Support Devices", "central line", r"(?:central|picc|venous|ij|internal jugular|subclavian|jugular|swan[- ]ganz|dialysis|port-?a-?cath|hickman|vascular access|venous access)(?: venous| vascular| access| central| vein)* (?:lines?|catheters?|ports?)|\bpicc\b|\bcvc\b|\bcvl\b|(?:chemo|infusion|medi)-?(?: )?ports?|port-?a-?caths?|mediport|swan[- ]ganz|central (?:catheter|access)"),
    ("Support Devices", "enteric tube", r"(?:enteric|naso-?gastric|oro-?gastric|gastric|feeding|ng|og|dobhoff|stomach|nasoenteric)(?: feeding)? tubes?|\bngt\b|\bogt\b|dobhoff"),
    ("Support Devices", "chest tube", r"(?:chest|thoracostomy|pleural|intercostal) (?:tubes?|drains?|catheters?)|pigtail catheters?|\bicd drain"),
    ("Support Devices", "", r"(?:support|medical|indwelling|implanted|monitoring|life[- ]support)(?: and support)? (?:devices?|hardware|apparatus|equipment|lines?|apparatuses)|lines?(?:,| and| or)* (?:tubes?|catheters?)|tubes? (?:and|or) (?:lines?|catheters?)|tubes?|catheters?(?: tubing)?|devices?|foreign hardware|prosthetic valves?|valve (?:prosthesis|replacement)|\blines\b|(?:tubes|wires|leads)(?:, | and | or )(?:tubes|wires|lines)"),
    ("Emphysema", "", r"emphysema(?:tous)?(?: (?:changes?|lungs?|disease|bullae))?|\bcopd\b|(?:chronic )?obstructive (?:pulmonary|lung|airways?) disease|bull(?:a|ae|ous)(?: (?:changes?|disease|emphysema|lung disease))?|air trapping"),
    ("Emphysema", "sign", r"hyper-?(?:inflat(?:ed|ion)|expan(?:ded|sion)|lucen(?:t|cy|cies)(?! apic)|aerat(?:ed|ion))|hyper (?:expanded|inflated)|over-?(?:inflat|expand|distend|aerat)\w*|flatten(?:ed|ing)(?: of)?(?: the| both| posterior)* (?:hemi-?)?diaphragms?|(?:hemi-?)?diaphragms?(?: \w+){0,3}? flattened|(?:increased|enlarged|widened) retrosternal (?:air ?)?space|barrel[- ]?(?:shaped )?chest"),
    ("Fibrosis", "", r"fibros(?:is|es)|fibrotic(?: \w+)?|scarr(?:ing|ed)|\bscars?\b|honeycomb(?:ing)?|traction bronchiectasis|interstitial lung disease|\bild\b|\bipf\b|\buip\b"),
    ("Hernia", "", r"hiat(?:al|us) hernias?|(?:diaphragmatic|para-?esophageal|sliding|bochdalek|morgagni) hernias?|hernia(?:s|tion|ted)?|intrathoracic stomach|retrocardiac (?:air[- ]fluid level|gas bubble)|(?:stomach|gastric (?:bubble|fundus))(?: \w+){0,3}? (?:above (?:the )?diaphragm|in (?:the )?chest|behind the heart)|stomach (?:has )?slipped(?: \w+){0,5}"),
)  # fmt: skip
"""Finding, kind, and how it is named."""

SKIPPED = re.compile(
    r"pericardial effusions?|lymph nodes?|(?:hernia|mesh) repair|"
    r"vertebral (?:body )?scar|cystic fibrosis|heart and lungs|mass effect|pleural surfaces?|"
    r"post[- ]?(?:operative|surgical) (?:scar\w*)|heart valves?|line of|soft tissue edema|"
    r"subcutaneous (?:emphysema|edema)|(?:skin|suture|midline|air) ?lines?|tubing tip|knee\b|"
    r"(?:breast|axillary|hilar) mass(?:es)?|retained tubes?|in line with|cardiac valves?"
)
"""Words that look like a finding and are not."""

NORMAL_SUBJECTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"cardio-?mediastin(?:al|um)(?: (?:silhouettes?|contours?|structures))*", ("Cardiomegaly", "Enlarged Cardiomediastinum")),
    (r"heart and mediastin(?:um|al)(?: (?:silhouettes?|contours?|structures))*", ("Cardiomegaly", "Enlarged Cardiomediastinum")),
    (r"(?:heart|cardiac)(?: (?:size|silhouette|contours?|shadow|outline|width))*|cardio-?thoracic ratio|\bctr\b|\bcor\b", ("Cardiomegaly",)),
    (r"mediastin(?:um|al)(?: (?:silhouettes?|contours?|structures|width))*|mediastinal", ("Enlarged Cardiomediastinum",)),
    (r"(?:pulmonary|lung|central|hilar)?(?: |\b)(?:vasculature|vascularity|vascular(?: markings| pattern| structures)?|vessels|interstiti(?:um|al markings|al pattern))", ("Edema",)),
    (r"lungs?(?: (?:fields?|zones?|parenchyma|volumes are normal and))?|air ?spaces|airspaces", ()),
    (r"costo-?phrenic (?:angles?|sulc(?:us|i)|recess(?:es)?|xxxx)|cp angles?|pleural (?:recess(?:es)?|angles)", ("Pleural Effusion",)),
    (r"pleural (?:spaces?|surfaces?|cavit(?:y|ies))|\bpleura\b", ("Pleural Effusion", "Pneumothorax")),
    (r"(?:bones?|bony|osseous|skeletal|osteal)(?: (?:structures?|thorax|skeleton|thoracic structures))*|\bribs?\b|clavicles?|skeleton|ribcage|rib cage|collar ?bones?", ("Fracture",)),
)  # fmt: skip
"""Parts of the body, and which findings are absent when the part is normal; () is CLEAR_LUNGS."""

NORMAL = re.compile(
    r"(?<!upper limits of )(?<!limits of )(?<!top )\b(?<!above )(?<!than )(?<!not )\bnormal\b(?! limits)(?! variant)|within normal limits|"
    r"unremarkable|\bclear\b(?! of)|\bintact\b|\bsharp\b|\bpreserved\b|\bwnl\b|\bwithin limits\b|"
    r"\bnad\b|\bfree\b(?= *$)|(?:below|under|less than|<) ?(?:0?\.5|half|one half|50 ?%)"
)
"""What is said of a part that is as it should be."""

NO_FINDING = re.compile(
    r"\b(?:no|without|negative for|absence of)(?: \w+){0,2}? (?:acute|active|significant)"
    r"(?: (?:or|and|active|visible|acute|xxxx|radiographic|interval|chest))*"
    r"(?: (?:cardio-?pulmonary|cardiac or pulmonary|intra-?thoracic|thoracic|chest|cardiothoracic))*"
    r"(?: (?:abnormalit(?:y|ies)|process(?:es)?|diseases?|findings?|patholog(?:y|ies)|changes?|"
    r"disease process))\b(?! (?:of|in) the)|"
    r"(?<!not )(?<!not a )(?<!ab)\b(?:normal|unremarkable|negative) (?:frontal |pa |two view )*"
    r"(?:chest(?! wall)(?: (?:x-?rays?|radiographs?|films?|exam\w*|study))?|radiographs?|films?|"
    r"cxr|study|exam\w*|appearance of the chest)|"
    r"\bchest (?:x-?ray |radiograph |film )?(?:is |appears |looks )?(?:normal|unremarkable)$|"
    r"no (?:abnormalit(?:y|ies)|patholog(?:y|ies|ical findings?))(?: is| are)?(?: seen| found)?"
    r"(?: in the chest)?$|without pathological findings|\bcxr (?:is )?(?:normal|negative)|"
    r"\bnothing (?:abnormal|wrong|acute)\b|\bhealthy chest|everything (?:looks|is|appears) normal|all (?:is )?clear$|\bnad\b$"
)
"""The whole chest is normal, or nothing acute is in it."""

DENIALS: tuple[tuple[str, str], ...] = (
    ("Pneumothorax", r"(?:lung |vascular |pulmonary )*(?:markings|vessels) (?:reach|extend to|extend all the way to|go out to) (?:the )?(?:chest wall|periphery)"),
    ("Pneumothorax", r"lungs? (?:is |are )?(?:fully |completely |well )?(?:re-?)?expanded to (?:the )?chest wall|both lungs (?:are )?(?:fully )?(?:up|inflated|expanded)\b"),
    ("Pleural Effusion", r"pleural spaces? (?:is |are )?dry"),
    ("Edema", r"\bdry lungs"),
)  # fmt: skip
"""Findings that are denied in words that do not name them."""

NO_LUNG_FINDING = re.compile(
    r"\b(?:no|without)(?: \w+){0,3}? (?:acute|active|focal)(?: \w+)?"
    r" (?:pulmonary|parenchymal|lung)(?: parenchymal)?"
    r" (?:abnormalit(?:y|ies)|diseases?|process(?:es)?|findings?|patholog(?:y|ies))"
)
"""The lungs show nothing acute."""

SIDE_WORDS: dict[str, str] = {
    "left": r"left(?:-sided)?|lingula\w*|\blt\b|\blul\b|\blll\b|\bl\b(?! ?\d)",
    "right": r"right(?:-sided)?|\brt\b|\brul\b|\brml\b|\brll\b|\br\b(?![/ ]?[o\d])",
    "both": r"bilat(?:eral(?:ly)?)?|both|bi-?basilar|bi-?basal|bi-?apical|two-sided|each side|(?:lung )?bases\b",
}
ZONE_WORDS: dict[str, str] = {
    "upper": r"\bupper (?=lobe|lung|zone|field|third|thorac|thirds|left|right|rib)|\brul\b|\blul\b",
    "middle": r"\b(?:mid|middle|mid-?lung)\b(?= lobe| lung| zone| field| third|\b)|\brml\b|lingula\w*|mid-?lung",
    "lower": r"\blower (?=lobe|lung|zone|field|third|thorac|left|right|rib)|\brll\b|\blll\b",
    "basal": r"\bbas(?:e|es|al|ilar|ally)\b|\bbibas\w+",
    "apical": r"\bap(?:ex|ices|ical|ically)\b|\bbiapical\b",
}  # fmt: skip
SEVERITY_WORDS: dict[str, str] = {
    "moderate": r"mild(?:ly)?[ -]to[ -]moderate(?:ly)?|moderate(?:ly)?(?:[ -]sized)?|medium(?:-sized)?",
    "mild": r"small|tiny|trace|minimal(?:ly)?|mild(?:ly)?|slight(?:ly)?|faint|subtle|hairline|"
    r"nondisplaced|little|early|low-grade|minor",
    "severe": r"large|sizeable|severe(?:ly)?|marked(?:ly)?|pronounced|gross(?:ly)?|considerabl[ey]|"
    r"extensive|massive(?:ly)?|dense|bulky|huge|very big|big|heavy|complete|giant|substantial",
}  # fmt: skip
