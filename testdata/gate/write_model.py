#!/usr/bin/env python3
"""Trains a small Llama with transformers (pinned in xtask/peers/torch.txt) and writes it as people do: weights, configuration,
tokenizer and card, by `save_pretrained`. Nothing is downloaded.

    python write_model.py OUT

OUT/safetensors has the weights in safetensors; OUT/pickle has the same weights as an older library would have written them.
"""
import os, pathlib, sys

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", CUDA_VISIBLE_DEVICES="", OMP_NUM_THREADS="2")

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

TEXT = ["a model is what its digest says", "who signed it, and is it unchanged", "the gate says no until all is there"] * 8
CARD = """---
license: apache-2.0
library_name: transformers
pipeline_tag: text-generation
model-index:
- name: three-lines
  results:
  - task: {type: text-generation}
    dataset: {name: three lines, type: three-lines}
    metrics: [{type: loss, value: %.4f}]
---
# Three lines

## Intended use

Tests of a promotion gate.

## Training data

Three lines of English, repeated.

## Evaluation

The loss on the lines it was trained on.

## Limitations

It knows three lines and nothing else.
"""


def tokenizer():
    words = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.train_from_iterator(TEXT, trainers.WordLevelTrainer(special_tokens=["[UNK]", "[PAD]"]))
    return PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]", pad_token="[PAD]")


def trained(words):
    torch.manual_seed(7)
    config = LlamaConfig(vocab_size=len(words), hidden_size=64, intermediate_size=128, num_hidden_layers=2,
                         num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64)
    model = LlamaForCausalLM(config)
    batch = words(TEXT, return_tensors="pt", padding=True)
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        loss = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=labels).loss
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2, losses
    return model, losses[-1]


def main():
    out = pathlib.Path(sys.argv[1])
    words = tokenizer()
    model, loss = trained(words)
    for folder in (out / "safetensors", out / "pickle"):
        words.save_pretrained(folder)
        (folder / "README.md").write_text(CARD % loss)
    model.save_pretrained(out / "safetensors")
    model.config.save_pretrained(out / "pickle")
    torch.save({name: value.clone() for name, value in model.state_dict().items()}, out / "pickle/pytorch_model.bin")


main()
