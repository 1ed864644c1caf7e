"""What the page of each experiment is called, and what it is not: the sentences around the numbers."""

TITLES = {
    "operators": "RoIPool, RoIWarp, RoIAlign: the same model, one operator changed",
    "family": "Maximum and mean, the end cell, half a cell: the same model, one operator changed",
    "full": "RoIPool and RoIAlign at the full length of training",
    "nuclei": "RoIPool and RoIAlign on photographs of nuclei",
    "masks": "Masks by sigmoid, softmax, one for all classes, and by an MLP",
}

_COMMON = """\
## What this miniature is not

- **Equal seeds are not equal runs on another machine.** Its BLAS rounds differently in the last digit, and a
  few hundred steps of training enlarge that. RoIPool at stride 16, seeds 0 to 2, gave mask AP 14.0, 13.3,
  14.1 on one processor and 17.1, 14.2, 14.7 on another; each repeats its own numbers. So an interval holds
  for the machine above as well as for the seeds, and no difference of a few points is read from three seeds.
- The models have about a million parameters and are trained from random weights, for minutes; the paper's are
  pretrained and trained for a day or more on photographs. Levels of AP cannot be compared, only the signs of
  differences and, with care, their order.
- The intervals are over seeds (weights, order of pictures, sampling of RoIs) at one length of training and
  one learning rate, on one fixed set of validation pictures. They say nothing about other settings.
- Each interval holds by itself at 95 %. Of twenty such intervals one is expected to miss.
- Boundary IoU and centroid offset are means over the objects that were found (right class, mask IoU of at
  least 0.5). A model that finds more hard objects has more of them in its mean; "matched" says how many
  it found.
"""

_STRIDE_16 = """\
- The variant of stride 16 stands for two experiments of the paper. 2c has features of stride 16 (C4), 2d of
  stride 32 (C5), both of pictures 800 pixels high. Here objects of 21 to 55 pixels span one to four cells.
  The heads are those of the pyramid model, not the paper's.
- 300 steps are a tenth of the recipe of the bundled weights. What is seen here is speed of learning and
  quality together; the experiment `full` tells them apart.
"""

LIMITS = {
    "operators": _COMMON + _STRIDE_16,
    "family": _COMMON
    + _STRIDE_16
    + """\
- RoIWarp stands here with the end cell, which the literature's has not, so it is not beside the paper's row.
- The committed runs were made before processors were recorded.
""",
    "full": _COMMON
    + """\
- Three seeds: a difference of a few points at the end stays open here, whichever way it points.
""",
    "nuclei": _COMMON
    + """\
- Few seeds, a short training (the bundled weights had 3,600 steps) and few validation pictures. The pictures
  are at their own size, where half of the nuclei are less than 13 pixels across: about three cells of the
  finest map. With larger pictures an operator that rounds loses less.
""",
    "masks": _COMMON
    + """\
- The paper's 2b is at stride 16 with its C4 heads, 2e is with a pyramid; here both are with the pyramid and
  RoIAlign. There are 3 classes here and 80 there, so that classes have less to compete for.
- The MLP's layers have the model's `representation_size`, 128; the paper's have 1,024.
""",
}
