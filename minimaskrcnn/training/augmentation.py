"""How the pictures of each dataset may vary in training without becoming wrong."""

from minimaskrcnn import data
from minimaskrcnn.data.transforms import Augmentation


def augmentation(dataset: str) -> Augmentation | None:
    """Shapes are drawn anew; cells have no up and no left; photographs have an up."""
    if dataset == "shapes":
        return None
    if dataset == "nuclei":
        return data.Compose(
            data.HorizontalFlip(),
            data.RightAngleTurn(),
            data.OnCanvas(data.ScaleJitter(0.7, 1.4)),
            data.GammaJitter(),
            data.ColourJitter(),
        )
    return data.Compose(data.HorizontalFlip(), data.ScaleJitter(), data.ColourJitter())
