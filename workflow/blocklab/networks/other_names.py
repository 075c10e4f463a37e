"""What people who come from torch, Keras or YOLO call our blocks and their arguments."""

# As `blocklab.errors.plain` writes them.
BLOCKS = {
    "conv2d": "conv", "convolution": "conv", "convbnrelu": "conv",
    "depthwise": "dwconv", "depthwiseconv": "dwconv", "depthwiseconv2d": "dwconv",
    "maxpool2d": "maxpool", "maxpooling": "maxpool", "maxpooling2d": "maxpool", "pool": "maxpool",
    "avgpool2d": "avgpool", "averagepooling": "avgpool", "averagepooling2d": "avgpool",
    "adaptiveavgpool2d": "global_avgpool", "globalaveragepooling": "global_avgpool",
    "globalaveragepooling2d": "global_avgpool", "gap": "global_avgpool",
    "dense": "linear", "fc": "linear", "fullyconnected": "linear",
    "dropout2d": "channel_dropout", "spatialdropout": "channel_dropout",
    "spatialdropout2d": "channel_dropout",
    "swish": "silu", "view": "flatten", "reshape": "flatten",
    "csp": "bottleneck_csp", "bottleneckcsp": "bottleneck_csp", "cspbottleneck": "bottleneck_csp",
    "resblock": "basic_block", "residual": "basic_block", "residualblock": "basic_block",
    "attention": "transformer_block", "selfattention": "transformer_block",
    "multiheadattention": "transformer_block", "transformer": "transformer_block",
    "vit": "transformer_block",
}  # fmt: skip
NO_BLOCK = {
    **dict.fromkeys(
        ("batchnorm", "batchnorm2d", "batchnormalization", "bn"),
        "batch normalisation is a part of 'conv' (norm: true, its default)",
    ),
    **dict.fromkeys(
        ("groupnorm", "instancenorm", "instancenorm2d", "rmsnorm"),
        "there are batch normalisation, in 'conv', and LayerNorm, in 'transformer_block'; to add "
        "one, see docs/adding-a-block.md",
    ),
    "layernorm": "LayerNorm is a part of 'transformer_block' (norm: true)",
    **dict.fromkeys(
        ("gelu", "activation"),
        "'conv' and 'linear' have an activation each, such as activation: gelu",
    ),
    **dict.fromkeys(
        ("softmax", "logsoftmax"),
        "networks end in 'linear: {out: classes}'; the loss does the rest",
    ),
    "input": "a network begins with its first block; what comes in is known from the data set",
}
ARGUMENTS = {
    "outchannels": "out", "outfeatures": "out", "channels": "out", "filters": "out",
    "units": "out", "features": "out", "width": "out", "c2": "out", "dim": "out",
    "kernelsize": "kernel", "k": "kernel", "strides": "stride", "s": "stride", "pad": "padding",
    "act": "activation", "nonlinearity": "activation", "bn": "norm", "batchnorm": "norm",
    "layernorm": "norm", "prenorm": "norm", "normfirst": "norm",
    "patchsize": "patch", "posembed": "positions", "positionembedding": "positions",
    "positionalencoding": "positions", "mlpratio": "expansion",
    "usebias": "bias", "p": "rate", "probability": "rate", "poolsize": "size",
    "numheads": "heads", "nhead": "heads", "nheads": "heads", "layers": "depth", "n": "depth",
    "numlayers": "depth", "e": "expansion", "g": "groups", "residual": "shortcut",
}  # fmt: skip
