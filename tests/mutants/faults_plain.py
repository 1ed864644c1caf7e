"""Faults in the plain edition: one line of a copied file is changed."""

from pathlib import Path
from types import ModuleType

from fault import Fault

from minimaskrcnn.kernels import KERNELS, plain


class PlainFault(Fault, listed=False):
    """A file of the plain edition in which `line` reads `wrong`."""

    base = plain
    file = ""
    line = wrong = ""

    @classmethod
    def kernels(cls):
        text = (Path(plain.__file__).parent / cls.file).read_text("utf-8")
        assert text.count(cls.line) == 1, f"{cls.file} has the line {text.count(cls.line)} times: {cls.line}"
        copy = ModuleType("copy")
        exec(text.replace(cls.line, cls.wrong), vars(copy))
        return {name: kernel for name, kernel in vars(copy).items() if name in KERNELS}


class FiltersOfTheWrongGroup(PlainFault):
    """conv2d pairs the groups of channels with the groups of filters in reversed order."""

    suite = "conv2d"
    file = "conv.py"
    line = "np.split(weight, groups), strict=True)"
    wrong = "np.split(weight, groups)[::-1], strict=True)"


class FlippedFilters(PlainFault):
    """conv2d turns its filters round, as a convolution in a book of signal processing does."""

    suite = "conv2d"
    file = "conv.py"
    line = "zip(np.split(view, groups, 1), np.split(weight, groups)"
    wrong = "zip(np.split(view, groups, 1), np.split(weight[..., ::-1, ::-1], groups)"


class PaddingStaysInTheGradient(PlainFault):
    """The gradient of a convolution's input is cropped at the wrong end of the padding."""

    suite = "conv2d or conv_transpose2d"
    file = "conv.py"
    line = "return padded[:, :, PY : PY + H, PX : PX + W]"
    wrong = "return padded[:, :, :H, :W]"


class PaddingWins(PlainFault):
    """max_pool2d pads with zeros, which beat negative numbers."""

    suite = "max_pool2d"
    file = "pool.py"
    line = "_pad(x, margins, -np.inf)"
    wrong = "_pad(x, margins, 0)"


class LastWinnerOfAWindow(PlainFault):
    """max_pool2d names the last of equal cells as the winner."""

    suite = "max_pool2d"
    file = "pool.py"
    line = "first = ((value == out[..., None]) & (cell >= 0)).argmax(axis=-1)"
    wrong = "first = area - 1 - ((value == out[..., None]) & (cell >= 0))[..., ::-1].argmax(axis=-1)"


class OneGradientPerCell(PlainFault):
    """The backward of max_pool2d assigns with += where a cell won twice, so that one gradient is lost."""

    suite = "max_pool2d"
    file = "pool.py"
    line = "np.add.at(dx, (image, channel, argmax.astype(np.intp)), grad)"
    wrong = "dx[image, channel, argmax] += grad"


class CountsThePadding(PlainFault):
    """avg_pool2d divides by the whole window even where padding does not count."""

    suite = "avg_pool2d"
    file = "pool.py"
    line = "    if count_include_pad:"
    wrong = "    if True:"


class SquaresOverOneLess(PlainFault):
    """batch_norm divides the squares by N*H*W - 1."""

    suite = "batch_norm"
    file = "norm.py"
    line = "mean, var = x.mean(BATCH), x.var(BATCH)"
    wrong = "mean, var = x.mean(BATCH), x.var(BATCH, ddof=1) if x[:, 0].size > 1 else x.var(BATCH)"


class StatisticsAreConstants(PlainFault):
    """The gradient does not go through the variance that the cells share."""

    suite = "batch_norm or group_norm"
    file = "norm.py"
    line = "return rstd * (grad - grad.mean(axes, keepdims=True) - normalised * along)"
    wrong = "return rstd * (grad - grad.mean(axes, keepdims=True))"


class CornersWithoutTheHalf(PlainFault):
    """Bilinear resizing takes the corner of an output cell for its centre."""

    suite = "interpolate"
    file = "resize.py"
    line = "position = (i + dtype.type(0.5)) * dtype.type(step) - dtype.type(0.5)"
    wrong = "position = i * dtype.type(step)"


class NearestRounds(PlainFault):
    """Nearest resizing rounds up where the cell before is the one to copy."""

    suite = "interpolate"
    file = "resize.py"
    line = "position = np.floor(np.arange(count, dtype=np.float32) * np.float32(step))"
    wrong = "position = np.round(np.arange(count, dtype=np.float32) * np.float32(step))"


class PointsAtTheEdges(PlainFault):
    """RoIAlign reads at the near edge of each part of a bin, not in its middle."""

    suite = "roi_align or roi_warp"
    file = "roi.py"
    line = "(i.astype(number) + number(0.5)) * length"
    wrong = "i.astype(number) * length"


class RowsForColumns(PlainFault):
    """The gather takes the box's y coordinates for columns."""

    suite = "roi"
    file = "roi.py"
    line = "_, x1, y1, x2, y2 = roi"
    wrong = "_, y1, x1, y2, x2 = roi"


class HalvesToTheEvenNumber(PlainFault):
    """RoIPool rounds a box as np.round does, halves to the even number."""

    suite = "roi_pool or roi_warp"
    file = "roi.py"
    line = "box = whole + np.copysign(np.abs(box - whole) >= 0.5, box)"
    wrong = "box = np.round(box)"


class PointsOffTheMapRead(PlainFault):
    """A point off the map is moved to its border and counts as if it were there."""

    suite = "roi_align"
    file = "roi.py"
    line = "inside = (i < count[:, None]) & (position >= -1) & (position <= side)"
    wrong = "inside = i < count[:, None] + 0 * position"


class TheDeadSuppressInAMatrix(PlainFault):
    """nms walks down all rows of the matrix, those of suppressed boxes among them."""

    suite = "nms"
    file = "suppression.py"
    line = "        if alive[i]:"
    wrong = "        if True:"


class EqualIsTooMuchInAMatrix(PlainFault):
    """nms compares an IoU that equals the threshold as if it exceeded it."""

    suite = "nms"
    file = "suppression.py"
    line = "_iou(block, boxes) > limit"
    wrong = "_iou(block, boxes) >= limit"
