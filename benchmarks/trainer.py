"""The newcomer's loop in PyTorch Lightning's Trainer."""

import logging
import warnings

import lightning
import newcomer
import torch

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="lightning")


class Module(lightning.LightningModule):
    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def training_step(self, batch, index):
        images, labels = batch
        logits = self.network(images)
        loss = newcomer.double_softmax(logits, labels)
        accuracy = (logits.argmax(dim=1) == labels).float().mean()
        self.log_dict({"loss": loss, "acc": accuracy}, on_step=False, on_epoch=True)
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.001)


class Turns(lightning.Callback):
    """Ask `gate` before every epoch; Lightning's own way to stop is to say so after one."""

    def __init__(self, gate) -> None:
        self.gate = gate

    def on_train_epoch_start(self, trainer, module):
        if not self.gate():
            raise SystemExit


def train(network, batches, device, gate) -> None:
    """Train with Lightning's defaults, without its logs and checkpoints, until `gate` says stop."""
    trainer = lightning.Trainer(
        accelerator="gpu" if device == "cuda" else "cpu",
        devices=1,
        max_epochs=-1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[Turns(gate)],
    )
    trainer.fit(Module(network), batches)
