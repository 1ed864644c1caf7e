"""The machinery of the fast edition. To learn what a kernel computes, read `kernels.plain`; this is how fast.

memory     scratch memory that lives as long as a `with Workspace() as w:` block
layout     maps are (N, C, H, W) by index and (N, H, W, C) in storage
parallel   pieces of a kernel side by side on several cores
strips     the windows of a convolution as the rows of matrices
winograd   3x3 convolutions with a quarter of the multiplications
tuning     every number that was found by measuring, in one table
"""
