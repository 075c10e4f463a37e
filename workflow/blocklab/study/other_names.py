"""What people who come from other tools write for the config's keys and values.

All names as `blocklab.errors.plain` writes them.
"""


def _by_name(known: dict[str, str]) -> dict[str, str]:
    """Turn {ours: "theirs theirs"} into {theirs: ours}."""
    return {name: ours for ours, names in known.items() for name in names.split()}


KEYS = _by_name({
    "training.device": "gpu gpus cuda accelerator usegpu",
    "training.learning_rate": "lr lr0 rate",
    "training.epochs": "numepochs nepochs maxepochs iterations",
    "training.optimizer": "opt optim",
    "training.loss": "criterion lossfunction objective",
    "training.precision": "amp fp16 bf16 dtype half mixedprecision",
    "training.threads": "numthreads",
    "training.schedule": "scheduler lrschedule lrscheduler lrdecay decay",
    "training.warm_up": "warmupepochs warmupsteps warmupratio pctstart",
    "training.weight_decay": "wd l2",
    "training.label_smoothing": "smoothing",
    "training.gradient_clipping": "clip gradclip clipnorm gradientclipval maxgradnorm",
    "training.average": "ema swa polyak",
    "training.average_decay": "emadecay",
    "training.augmentation": "augment augmentations transform transforms",
    "seeds.first": "seed randomseed randomstate",
    "seeds.count": "nseeds numseeds runs repeats",
    "dataset.name": "data",
    "dataset.input_size": "imagesize imgsize imgsz resolution resize size",
    "dataset.directory": "datadir datafolder root path folder dir",
    "dataset.validation_size": "val valsize validation validationsplit valsplit",
    "dataset.training_size": "trainsize trainingset subset limit",
    "outdir": "out output outputdir resultsdir results savedir",
    "tracking.mode": "wandb",
    "tracking.tracker": "logger",
    "tracking.entity": "team",
    "networks": "model models network",
    "only": "select include",
    "baseline": "reference",
})  # fmt: skip
NETWORK_KEYS = _by_name({
    "batch_size": "batch bs minibatch minibatchsize",
    "layers": "architecture blocks",
})  # fmt: skip
VALUES = {
    "dataset.name": _by_name({"fashion_mnist": "fashion", "mnist": "digits"}),
    "dataset.source": _by_name({
        "directory": "folder local path disk", "auto": "download web internet url",
    }),
    "training.device": _by_name({
        "cuda": "gpu nvidia cuda:0", "mps": "metal apple", "cpu": "processor", "auto": "none",
    }),
    "training.precision": _by_name({
        "bfloat16": "bf16 fp16 float16 half mixed amp", "float32": "fp32 full 32 float",
    }),
    "training.loss": _by_name({
        "cross_entropy": "ce crossentropyloss nll categoricalcrossentropy softmax",
        "double_softmax_cross_entropy": "doublesoftmax",
    }),
    "training.schedule": _by_name({
        "constant": "none", "cosine": "cosineannealinglr", "one_cycle": "onecyclelr",
    }),
    "training.average": _by_name({
        "none": "off false no", "ema": "exponential polyak", "last_epochs": "swa last",
    }),
    "explanation.method": _by_name({"integrated_gradients": "ig"}),
    "explanation.target": _by_name({"logit_minus_mean": "logit", "softmax": "probability"}),
    "tracking.tracker": _by_name({"wandb": "w&b wb weightsandbiases"}),
    "tracking.mode": _by_name({
        "disabled": "off false no none", "online": "on true", "offline": "dryrun",
    }),
}  # fmt: skip
# What is absent on purpose: how it may be called, and what there is instead.
ABSENT = {
    "policies of augmentation": (
        "autoaugment randaugment trivialaugment mixup cutmix flip fliplr horizontalflip",
        "training.augmentation has what leaves a digit that digit",
    ),
    "standardised images": (
        "normalize normalise normalization standardize mean std",
        "they are scaled to 0 to 1 and no further, so that black, where explanations start, is 0",
    ),
    "steps of a schedule": (
        "cosine stepsize gamma milestones",
        "training.schedule names one of the schedules, which end with the last step",
    ),
    "other constants of optimizers": (
        "betas beta1 beta2 eps epsilon amsgrad dampening",
        "they are torch's defaults but for the learning rate, weight decay and momentum",
    ),
    "early stopping": (
        "earlystopping earlystop patience savebest",
        "a network trains for training.epochs, and what it ends with counts",
    ),
    "accumulated gradients": (
        "accumulate accumulategradbatches gradaccum",
        "a step is a batch",
    ),
    "class weights": (
        "classweight classweights",
        "a loss of one's own is a function in workflow/blocklab/losses.py",
    ),
    "weights to start from": (
        "pretrained weights checkpoint finetune resume",
        "every network starts untrained; a run that was interrupted goes on by itself",
    ),
    "dropout, activations and batch normalisation": (
        "dropout dropoutrate dropoutprob activation act nonlinearity bn batchnorm usebn",
        "they are blocks of a network, or arguments of its blocks",
    ),
    "cross-validation": (
        "folds kfold nfolds crossvalidation cv",
        "dataset.validation_size holds images out, seeds.count repeats training",
    ),
    "the image that explanations start from": (
        "baseline baselineimage",
        "it is black; a blurred image, the mean image and training images are compared with it",
    ),
    "processes that load data": (
        "workers numworkers pinmemory prefetch cores jobs",
        "it lies in memory; --cores on the command line says how many jobs run at once, "
        "training.threads how many threads each has",
    ),
    "shuffling": (
        "shuffle droplast",
        "training images are shuffled in every epoch, and the last batch may be smaller",
    ),
    "classes and channels": (
        "classes numclasses nclasses channels inchannels classnames",
        "they are known from the data set; in layers, 'classes' is the number of classes",
    ),
}
INSTEAD = {
    name: f"there is no key for {what}: {words}"
    for what, (names, words) in ABSENT.items()
    for name in names.split()
}
