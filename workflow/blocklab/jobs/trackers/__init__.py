"""The experiment trackers, one file each, found by the file's name: `tracking.tracker`.

Such a file has a function `log(run, settings, folder)`. It logs the run, returns its id, address or
path, and raises whatever goes wrong:

    run: a dict of
        study, the name of the study, and group, what tells its settings from those of others;
        network, seed and key, which is the same if this very training is logged again;
        config: the job's settings, the data set and its sizes;
        history: one dict per epoch: epoch from 1, acc, loss and, with a validation split,
            validation_acc and validation_loss;
        samples: dicts of the columns of samples.csv, what the training used over time;
        summary: acc, loss, test_acc, test_loss and more;
        images: paths of PNG files by name, which are gone when it is logged.
        A value may be None or NaN.
    settings: mode ("offline" or "online"), project and entity (str or None).
    folder: path of the run's own folder for what the tracker writes; it may not exist yet.

To add a tracker, add a file here and its name to the schema.
"""
