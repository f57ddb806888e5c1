#!/usr/bin/env python3
"""Writes models with PyTorch and what is built on it (pinned in xtask/peers/torch.txt): none of them may raise an alarm,
and every byte of them must be accounted for.

    python real_torch.py OUT

Prints one line for each kind that was written. Everything is random: nothing is downloaded.
"""
import argparse, collections, datetime, functools, os, pathlib, pickle, random, uuid, warnings

import kinds

os.environ.update(PYTHONWARNINGS="ignore", OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false",
                  CUDA_VISIBLE_DEVICES="", WANDB_DISABLED="true")
warnings.filterwarnings("ignore")

import torch
import torch.nn.utils.prune
from torch import nn


def save(out, name, thing, **options):
    """In every container and with every protocol of pickle that torch.save can be told."""
    torch.save(thing, os.path.join(out, f"{name}.pt"), **options)
    torch.save(thing, os.path.join(out, f"{name}.legacy.pt"), _use_new_zipfile_serialization=False, **options)
    for protocol in (3, 4, 5):
        torch.save(thing, os.path.join(out, f"{name}.p{protocol}.pt"), pickle_protocol=protocol, **options)


def small():
    return nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.BatchNorm1d(4), nn.Dropout(0.1), nn.Linear(4, 2))


def trained():
    module = small()
    optimizer = torch.optim.AdamW(module.parameters())
    for _ in range(2):
        optimizer.zero_grad()
        module(torch.randn(8, 4)).sum().backward()
        optimizer.step()
    return module, optimizer


def state_dicts(out):
    module, optimizer = trained()
    save(out, "state", module.state_dict())
    save(out, "state.plain", dict(module.state_dict()))
    save(out, "parameters", list(module.parameters()))
    save(out, "half", {name: value.to(torch.bfloat16) for name, value in module.state_dict().items()})
    tied = torch.randn(50, 8)
    save(out, "tied", {"embed": tied, "head": tied, "view": tied[10:20, ::2], "transposed": tied.t(), "parameter": nn.Parameter(tied)})
    save(out, "with_gradients", [parameter.grad for parameter in module.parameters()])
    save(out, "empty", {})
    save(out, "one_tensor", torch.randn(3))
    save(out, "buffer", {"b": nn.Buffer(torch.ones(2)), "lazy": nn.LazyLinear(3).weight})


def tensor_kinds(out):
    kinds = {str(kind).split(".")[1]: torch.ones(3, 3).to(kind) for kind in (
        torch.float16, torch.bfloat16, torch.float64, torch.int8, torch.uint8, torch.int16, torch.int64, torch.bool,
        torch.complex64, torch.complex128, torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.uint16,
        torch.uint32, torch.uint64)}
    kinds["complex32"] = torch.ones(3, dtype=torch.complex32)
    kinds["meta"] = torch.ones(3, device="meta")
    kinds["conjugate"] = torch.ones(3, dtype=torch.complex64).conj()
    kinds["size"] = torch.ones(3, 4).shape
    kinds["dtype"], kinds["layout"], kinds["device"] = torch.float32, torch.strided, torch.device("cpu")
    save(out, "kinds", kinds)
    sparse = torch.eye(4).to_sparse()
    save(out, "sparse", {"coo": sparse, "csr": torch.eye(4).to_sparse_csr(), "csc": torch.eye(4).to_sparse_csc(),
                         "bsr": torch.eye(4).to_sparse_bsr((2, 2))})
    torch.save(torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]), os.path.join(out, "nested.pt"))
    torch.save(torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged), os.path.join(out, "jagged.pt"))
    save(out, "quantised", [torch.quantize_per_tensor(torch.ones(4), 0.1, 3, torch.qint8),
                            torch.quantize_per_channel(torch.ones(4, 2), torch.ones(4), torch.zeros(4), 0, torch.quint8)])
    save(out, "storages", [torch.ones(3).untyped_storage(), torch.ones(3).storage()])
    with open(os.path.join(out, "tensor.bare.pkl"), "wb") as file:
        pickle.dump(torch.Size([1, 2]), file)


def modules(out):
    save(out, "module", small())
    layers = [nn.Conv2d(1, 2, 3), nn.ConvTranspose2d(1, 2, 3), nn.LSTM(4, 4, 2, bidirectional=True), nn.GRU(4, 4), nn.Embedding(9, 4),
              nn.EmbeddingBag(9, 4), nn.LayerNorm(4), nn.GroupNorm(2, 4), nn.MultiheadAttention(4, 2), nn.GELU(), nn.SiLU(), nn.Softmax(1),
              nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8), 2), nn.TransformerDecoderLayer(4, 2, 8, activation="gelu"),
              nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1), nn.Upsample(scale_factor=2), nn.Flatten(), nn.PReLU(), nn.CrossEntropyLoss(),
              nn.BCEWithLogitsLoss(), nn.Bilinear(2, 2, 2), nn.PixelShuffle(2), nn.ZeroPad2d(1), nn.Identity(), nn.RMSNorm(4),
              nn.InstanceNorm2d(2), nn.Hardswish(), nn.Mish(), nn.ModuleDict({"a": nn.Linear(1, 1)}), nn.ModuleList([nn.Tanh()]),
              nn.ParameterList([nn.Parameter(torch.ones(1))]), nn.ParameterDict({"p": nn.Parameter(torch.ones(1))}), nn.Transformer(4, 2, 1, 1, 8),
              nn.AdaptiveLogSoftmaxWithLoss(4, 6, [2]), nn.Fold((4, 4), 2), nn.Unfold(2), nn.TripletMarginLoss(), nn.SyncBatchNorm(4),
              nn.LPPool2d(2, 2), nn.FractionalMaxPool2d(2, 2), nn.CosineSimilarity(), nn.LocalResponseNorm(2), nn.Threshold(0, 1), nn.GLU()]
    save(out, "layers", nn.ModuleList(layers))
    weighted = nn.utils.parametrizations.weight_norm(nn.Linear(3, 3))
    spectral = nn.utils.parametrizations.spectral_norm(nn.Linear(3, 3))
    torch.save([weighted.state_dict(), spectral.state_dict()], os.path.join(out, "parametrized.state.pt"))
    torch.save(nn.utils.weight_norm(nn.Linear(3, 3)), os.path.join(out, "weight_norm.pt"))
    torch.save(nn.utils.spectral_norm(nn.Linear(3, 3)), os.path.join(out, "spectral_norm.pt"))
    pruned = nn.Linear(3, 3)
    torch.nn.utils.prune.l1_unstructured(pruned, "weight", amount=2)
    torch.save(pruned, os.path.join(out, "pruned.pt"))
    dynamic = torch.ao.quantization.quantize_dynamic(small().eval(), {nn.Linear}, dtype=torch.qint8)
    torch.save(dynamic.state_dict(), os.path.join(out, "dynamic.state.pt"))
    torch.save(dynamic, os.path.join(out, "dynamic.module.pt"))
    prepared = nn.Sequential(torch.ao.quantization.QuantStub(), nn.Conv2d(1, 2, 3), nn.ReLU(), torch.ao.quantization.DeQuantStub()).eval()
    prepared.qconfig = torch.ao.quantization.get_default_qconfig("x86")
    torch.ao.quantization.prepare(prepared, inplace=True)
    prepared(torch.randn(1, 1, 8, 8))
    torch.ao.quantization.convert(prepared, inplace=True)
    torch.save(prepared.state_dict(), os.path.join(out, "static.state.pt"))
    torch.save(prepared, os.path.join(out, "static.module.pt"))
    torch.save(torch.optim.swa_utils.AveragedModel(small()).state_dict(), os.path.join(out, "averaged.state.pt"))
    torch.save(torch.optim.swa_utils.AveragedModel(small()), os.path.join(out, "averaged.pt"))
    torch.save(nn.DataParallel(small()), os.path.join(out, "parallel.pt"))


def vision(out):
    """Whole modules and state dicts of torchvision and timm."""
    import timm, torchvision
    for name in ("resnet18", "mobilenet_v2", "mobilenet_v3_small", "efficientnet_b0", "squeezenet1_0", "shufflenet_v2_x0_5",
                 "densenet121", "googlenet", "mnasnet0_5", "regnet_y_400mf"):
        module = torchvision.models.get_model(name, weights=None, **({"init_weights": False} if name == "googlenet" else {})).eval()
        shrink(module)
        torch.save(module, os.path.join(out, f"{name}.module.pt"))
        torch.save(module.state_dict(), os.path.join(out, f"{name}.state.pth"), _use_new_zipfile_serialization=name != "resnet18")
    for name, options in (("detection.ssdlite320_mobilenet_v3_large", {"weights_backbone": None}), ("segmentation.lraspp_mobilenet_v3_large",
                          {"weights_backbone": None}), ("detection.fasterrcnn_mobilenet_v3_large_320_fpn", {"weights_backbone": None})):
        kind, name = name.split(".")
        module = shrink(getattr(getattr(torchvision.models, kind), name)(weights=None, **options))
        torch.save(module, os.path.join(out, f"{name}.module.pt"))
    for name, options in (("vit_tiny_patch16_224", {"embed_dim": 24, "depth": 1}), ("resnet18", {}), ("convnext_atto", {}),
                          ("swin_tiny_patch4_window7_224", {}), ("efficientnet_lite0", {}), ("mixer_s32_224", {}), ("regnetx_002", {})):
        module = shrink(timm.create_model(name, pretrained=False, num_classes=2, **options))
        torch.save(module, os.path.join(out, f"timm.{name}.module.pt"))
        torch.save({"epoch": 1, "arch": name, "state_dict": module.state_dict(), "version": 2, "args": argparse.Namespace(lr=0.1, model=name),
                    "metric": 0.5}, os.path.join(out, f"timm.{name}.pth.tar"))
    transforms = torchvision.transforms
    torch.save(transforms.Compose([transforms.Resize(8), transforms.CenterCrop(4), transforms.ToTensor(),
                                   transforms.Normalize([0.5], [0.5])]), os.path.join(out, "transforms.pt"))


def shrink(module):
    """The same module with weights that take no place: a view of one number."""
    for part in module.modules():
        for own in (part._parameters, part._buffers):
            for name, value in own.items():
                if value is not None and value.numel() > 256:
                    small = torch.zeros(1, dtype=value.dtype).expand(value.shape)
                    own[name] = nn.Parameter(small, requires_grad=False) if own is part._parameters else small
    return module


def checkpoints(out):
    import numpy as np
    module, optimizer = trained()
    optimizers = [kind(module.parameters(), lr=0.01) for kind in (
        torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop, torch.optim.Adagrad, torch.optim.Adadelta, torch.optim.NAdam,
        torch.optim.RAdam, torch.optim.LBFGS, torch.optim.Rprop, torch.optim.ASGD, torch.optim.Adamax)]
    schedulers = torch.optim.lr_scheduler
    plans = [schedulers.StepLR(optimizer, 3), schedulers.CosineAnnealingLR(optimizer, 10), schedulers.OneCycleLR(optimizer, 0.1, 10),
             schedulers.ReduceLROnPlateau(optimizer), schedulers.LinearLR(optimizer), schedulers.ExponentialLR(optimizer, 0.9),
             schedulers.CyclicLR(optimizer, 0.01, 0.1, cycle_momentum=False), schedulers.MultiStepLR(optimizer, [3, 6]),
             schedulers.CosineAnnealingWarmRestarts(optimizer, 5), schedulers.PolynomialLR(optimizer),
             schedulers.SequentialLR(optimizer, [schedulers.ConstantLR(optimizer), schedulers.ExponentialLR(optimizer, 0.9)], [2]),
             schedulers.LambdaLR(optimizer, lambda epoch: 0.9 ** epoch)]
    save(out, "optimizer", optimizer.state_dict())
    save(out, "optimizers", [one.state_dict() for one in optimizers])
    torch.save([optimizer, *optimizers], os.path.join(out, "optimizer.objects.pt"))
    torch.save([plan.state_dict() for plan in plans], os.path.join(out, "schedulers.pt"))
    torch.save(plans[:2], os.path.join(out, "scheduler.objects.pt"))
    save(out, "checkpoint", {
        "epoch": 3, "model": module.state_dict(), "optimizer": optimizer.state_dict(), "scaler": torch.amp.GradScaler("cpu").state_dict(),
        "lr_scheduler": plans[0].state_dict(), "args": argparse.Namespace(lr=1e-3, name="x", path=pathlib.PurePosixPath("runs/1")),
        "history": collections.defaultdict(list, {"loss": [1.0, 0.5]}), "ordered": collections.OrderedDict(a=1),
        "counter": collections.Counter("abc"), "queue": collections.deque([1, 2], maxlen=5), "when": datetime.datetime(2024, 1, 1),
        "day": datetime.date(2024, 1, 1), "took": datetime.timedelta(seconds=3), "zone": datetime.timezone.utc, "id": uuid.UUID(int=5),
        "set": {1, 2}, "frozen": frozenset("ab"), "complex": 1j, "bytes": b"\x80\x04", "range": range(4), "slice": slice(1, 2),
        "best": np.float64(0.5), "count": np.int64(3), "array": np.arange(4.0), "flags": np.array([True]), "words": np.array(["a", "b"]),
        "objects": np.array([None, 1, "a"], dtype=object), "structured": np.zeros(2, dtype=[("a", "i4")]), "dtype": np.dtype("f4"),
        "inf": float("inf"), "big": 2 ** 80, "none": None, "dots": ..., "nested": [({"a": [(1,)]},)],
    })
    save(out, "random", {"torch": torch.get_rng_state(), "numpy": np.random.get_state(), "python": random.getstate(),
                         "generator": torch.Generator().get_state(), "cuda": []})
    torch.save({"rng": np.random.default_rng(1), "legacy": np.random.RandomState(1)}, os.path.join(out, "random.objects.pt"))
    torch.save(functools.partial(torch.optim.SGD, lr=0.1), os.path.join(out, "partial.pt"))
    from omegaconf import OmegaConf
    config = OmegaConf.create({"model": {"layers": [1, 2], "name": "x", "same": "${model.name}"}, "lr": 0.1, "path": pathlib.Path("a")})
    save(out, "omegaconf", {"cfg": config, "state": module.state_dict()})
    torch.save(torch.utils.data.TensorDataset(torch.ones(3, 2), torch.ones(3)), os.path.join(out, "dataset.pt"))
    torch.save(torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(3, 2)), batch_size=2), os.path.join(out, "loader.pt"))
    torch.save(torch.distributions.Normal(torch.zeros(2), torch.ones(2)), os.path.join(out, "distribution.pt"))


def scripts(out):
    class Net(nn.Module):
        names: dict[str, int]

        def __init__(self):
            super().__init__()
            self.inner = small()
            self.names = {"a": 1}
            self.register_buffer("seen", torch.zeros(1))

        def forward(self, x: torch.Tensor, hidden: torch.Tensor | None = None) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
            total = torch.zeros(1)
            for index in range(x.size(0)):
                if float(x[index].sum()) > 0.0:
                    total = total + x[index].mean()
            if hidden is not None:
                total = total + hidden.sum()
            if x.size(0) > 99:
                raise ValueError("too many rows, do not eval( this")
            return self.inner(x), {"total": total}

        @torch.jit.export
        def look(self, word: str) -> int:
            return self.names.get(word, 0)

    scripted = torch.jit.script(Net().eval())
    scripted.save(os.path.join(out, "script.pt"))
    scripted.save(os.path.join(out, "script.extra.pt"), _extra_files={"labels.txt": b"cat\ndog\n", "config.json": b"{}"})
    torch.jit.freeze(scripted, preserved_attrs=["look"]).save(os.path.join(out, "frozen.pt"))
    scripted._save_for_lite_interpreter(os.path.join(out, "lite.ptl"))
    torch.jit.trace(small().eval(), torch.ones(2, 4)).save(os.path.join(out, "trace.pt"))
    import timm, torchvision
    torch.jit.script(torchvision.models.mobilenet_v3_small(weights=None).eval()).save(os.path.join(out, "mobilenet.pt"))
    torch.jit.trace(timm.create_model("vit_tiny_patch16_224", embed_dim=24, depth=1).eval(), torch.ones(1, 3, 224, 224)).save(
        os.path.join(out, "vit.pt"))
    torch.jit.trace(nn.LSTM(4, 4).eval(), torch.ones(2, 1, 4)).save(os.path.join(out, "lstm.pt"))
    quantised = torch.ao.quantization.quantize_dynamic(small().eval(), {nn.Linear}, dtype=torch.qint8)
    torch.jit.script(quantised).save(os.path.join(out, "quantised.pt"))


def exports(out):
    batch = torch.export.Dim("batch", min=2, max=64)
    program = torch.export.export(small().eval(), (torch.ones(3, 4),), dynamic_shapes=({0: batch},))
    torch.export.save(program, os.path.join(out, "dense.pt2"))
    torch.export.save(program, os.path.join(out, "extra.pt2"), extra_files={"notes.txt": "a note"})

    class Branch(nn.Module):
        def forward(self, x, scale: float = 2.0):
            return torch.cond(x.sum() > 0, lambda x: x.sin(), lambda x: x.cos(), (x,)) * scale + torch.arange(x.shape[0])[:, None]
    torch.export.save(torch.export.export(Branch(), (torch.ones(3, 4),), dynamic_shapes={"x": {0: batch}}),
                      os.path.join(out, "branch.pt2"))
    import torchvision
    torch.export.save(torch.export.export(torchvision.models.mobilenet_v3_small(weights=None).eval(), (torch.ones(2, 3, 64, 64),)),
                      os.path.join(out, "mobilenet.pt2"))
    graph = torch.fx.symbolic_trace(small())
    torch.save(graph.state_dict(), os.path.join(out, "graph.state.pt"))


def packages(out):
    from torch.package import PackageExporter
    with PackageExporter(os.path.join(out, "package.pt")) as exporter:
        exporter.extern(["torch.**", "numpy.**"])
        exporter.save_pickle("model", "model.pkl", small())
        exporter.save_text("notes", "readme.txt", "a note")


def distributed(out):
    import torch.distributed.checkpoint as checkpoint
    module, optimizer = trained()
    state = {"model": module.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "args": argparse.Namespace(lr=0.1)}
    checkpoint.save(state, checkpoint_id=os.path.join(out, "checkpoint"), no_dist=True)
    from torch.distributed.checkpoint.format_utils import dcp_to_torch_save
    dcp_to_torch_save(os.path.join(out, "checkpoint"), os.path.join(out, "gathered.pt"))


def tokenizers(out):
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast
    text = ["the quick fox import os; os.system('x')", "eval(a) __import__ {{ b }}"] * 4
    special = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    for name, model, trainer in (
            ("bpe", models.BPE(unk_token="[UNK]"), trainers.BpeTrainer(special_tokens=special, vocab_size=99, show_progress=False)),
            ("wordpiece", models.WordPiece(unk_token="[UNK]"), trainers.WordPieceTrainer(special_tokens=special, vocab_size=99, show_progress=False)),
            ("unigram", models.Unigram(), trainers.UnigramTrainer(special_tokens=special, unk_token="[UNK]", vocab_size=60, show_progress=False))):
        tokenizer = Tokenizer(model)
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase()])
        tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(), decoders.ByteLevel()
        tokenizer.train_from_iterator(text, trainer)
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", tokenizer.token_to_id("[CLS]")), ("[SEP]", tokenizer.token_to_id("[SEP]"))])
        fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
                                       mask_token="[MASK]")
        fast.chat_template = TEMPLATE
        fast.save_pretrained(os.path.join(out, name))
        torch.save(fast, os.path.join(out, f"{name}.pt"))
    fast.chat_template = {"default": TEMPLATE, "tool_use": TEMPLATE}
    fast.save_pretrained(os.path.join(out, "templates"))
    fast.save_pretrained(os.path.join(out, "inline"), save_jinja_files=False)
    return fast


TEMPLATE = """{%- if tools %}{{- '<|im_start|>system\\n' }}{%- for tool in tools %}{{- "\\n" }}{{- tool | tojson }}{%- endfor %}{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- macro show(text, n=2) %}{{ text | trim | indent(n) }}{%- endmacro %}
{%- for message in messages[::-1] %}{%- set index = (messages|length - 1) - loop.index0 %}
{%- if ns.multi_step_tool and message.role == "user" and not (message.content.startswith('<tool_response>')) %}{%- set ns.multi_step_tool = false %}
{%- set ns.last_query_index = index %}{%- endif %}{%- endfor %}
{%- for message in messages %}{%- if message['role'] not in ['user', 'assistant', 'system', 'tool'] %}{{ raise_exception('Unknown role') }}{%- endif %}
{%- if message.tool_calls is defined and message.tool_calls %}{%- for call in message.tool_calls %}{%- if call.function %}{%- set call = call.function %}{%- endif %}
{{- '{"name": "' ~ call.name ~ '", "arguments": ' ~ (call.arguments | tojson) ~ '}' }}{%- endfor %}
{%- elif message.content is string %}{{- '<|im_start|>' + message.role + '\\n' + show(message.content.split('</think>')[-1].lstrip('\\n')) + '<|im_end|>' }}
{%- else %}{%- for part in message.content %}{%- if part['type'] == 'image' or 'image_url' in part %}<|image|>{%- elif 'text' in part %}{{ part.text }}{%- endif %}{%- endfor %}{%- endif %}
{%- endfor %}{{ strftime_now('%d %B %Y') if strftime_now is defined else '' }}{%- generation %}{{ '' }}{%- endgeneration %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"""


def transformers_models(out):
    """Tiny random models saved as folders, in both ways, and a run of the trainer."""
    import transformers as hf
    small = dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, vocab_size=99, max_position_embeddings=64)
    made = {
        "llama": hf.LlamaForCausalLM(hf.LlamaConfig(**small, num_key_value_heads=2)),
        "qwen": hf.Qwen2ForCausalLM(hf.Qwen2Config(**small, num_key_value_heads=2)),
        "mixtral": hf.MixtralForCausalLM(hf.MixtralConfig(**small, num_key_value_heads=2, num_local_experts=2)),
        "gemma": hf.GemmaForCausalLM(hf.GemmaConfig(**small, num_key_value_heads=2, head_dim=8)),
        "bert": hf.BertForSequenceClassification(hf.BertConfig(**small)),
        "gpt2": hf.GPT2LMHeadModel(hf.GPT2Config(n_embd=16, n_layer=1, n_head=2, vocab_size=99, n_positions=64)),
        "t5": hf.T5ForConditionalGeneration(hf.T5Config(d_model=16, d_ff=16, num_layers=1, num_heads=2, d_kv=8, vocab_size=99)),
        "vit": hf.ViTForImageClassification(hf.ViTConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, image_size=32)),
        "wav2vec2": hf.Wav2Vec2ForCTC(hf.Wav2Vec2Config(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, vocab_size=32,
                                                       conv_dim=(8, 8), conv_stride=(2, 2), conv_kernel=(3, 3), num_conv_pos_embeddings=4,
                                                       num_conv_pos_embedding_groups=2)),
        "clip": hf.CLIPModel(hf.CLIPConfig(text_config={**small, "projection_dim": 8}, vision_config={
            "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16, "image_size": 32, "patch_size": 8})),
    }
    for name, model in made.items():
        folder = os.path.join(out, name)
        model.save_pretrained(folder)
        torch.save(model.state_dict(), os.path.join(folder, "pytorch_model.bin"))
        if name != "wav2vec2":  # its parametrized convolution is saved as a state dict only
            torch.save(model, os.path.join(folder, "whole.pt"))
        torch.save(model.config, os.path.join(folder, "config.pt"))
        if getattr(model, "generation_config", None) is not None:
            model.generation_config.save_pretrained(folder)
    made["llama"].save_pretrained(os.path.join(out, "sharded"), max_shard_size="4KB")
    hf.CLIPImageProcessor().save_pretrained(os.path.join(out, "clip"))
    hf.Wav2Vec2FeatureExtractor().save_pretrained(os.path.join(out, "wav2vec2"))


def trainer_run(out):
    import transformers as hf
    fast = tokenizers(os.path.join(out, "tokenizers"))
    model = hf.BertForSequenceClassification(hf.BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, vocab_size=199))
    rows = [{"input_ids": [1, 2, 3], "attention_mask": [1, 1, 1], "labels": n % 2} for n in range(8)]
    arguments = hf.TrainingArguments(os.path.join(out, "run"), max_steps=2, save_steps=1, per_device_train_batch_size=2, report_to=[], use_cpu=True,
                                     logging_steps=1, eval_strategy="steps", eval_steps=1, load_best_model_at_end=True, metric_for_best_model="loss")
    trainer = hf.Trainer(model, arguments, train_dataset=rows, eval_dataset=rows, processing_class=fast)
    trainer.train()
    trainer.save_model(os.path.join(out, "final"))
    trainer.save_state()


def adapters(out):
    import peft, transformers as hf
    model = hf.LlamaForCausalLM(hf.LlamaConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, vocab_size=99))
    lora = peft.get_peft_model(model, peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"))
    lora.save_pretrained(os.path.join(out, "lora"))
    torch.save(lora.state_dict(), os.path.join(out, "lora.state.pt"))
    torch.save(lora, os.path.join(out, "lora.whole.pt"))


def sentence_models(out):
    import transformers as hf
    from sentence_transformers import SentenceTransformer, models
    inner = os.path.join(out, "inner")
    hf.BertModel(hf.BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, vocab_size=199)).save_pretrained(inner)
    tokenizers(os.path.join(out, "tokenizers")).save_pretrained(inner)
    words = models.Transformer(inner)
    whole = SentenceTransformer(modules=[words, models.Pooling(16, "mean"), models.Dense(16, 8), models.Normalize()], device="cpu")
    whole.save(os.path.join(out, "sentence"))
    torch.save(whole.state_dict(), os.path.join(out, "sentence.state.pt"))


def lightning_checkpoints(out):
    import lightning, pytorch_lightning
    for package in (lightning, pytorch_lightning):
        class Net(package.LightningModule):
            def __init__(self, width=4, rate=0.1, options=None):
                super().__init__()
                self.save_hyperparameters()
                self.inner = nn.Linear(width, 1)

            def training_step(self, batch, _):
                return self.inner(batch[0]).sum()

            def configure_optimizers(self):
                optimizer = torch.optim.Adam(self.parameters())
                return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1)]
        data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 4)), batch_size=2)
        folder = os.path.join(out, package.__name__)
        callbacks = __import__(f"{package.__name__.replace('lightning', 'lightning.pytorch', 1) if package is lightning else package.__name__}.callbacks",
                               fromlist=["ModelCheckpoint"])
        trainer = package.Trainer(max_epochs=2, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
                                  default_root_dir=folder, callbacks=[callbacks.ModelCheckpoint(dirpath=folder, save_last=True),
                                                                      callbacks.EarlyStopping("x", strict=False)])
        trainer.fit(Net(options={"a": [1], "path": pathlib.Path("x")}), data)
        trainer.save_checkpoint(os.path.join(folder, "saved.ckpt"))
        trainer.save_checkpoint(os.path.join(folder, "weights.ckpt"), weights_only=True)


def accelerate_state(out):
    from accelerate import Accelerator
    module, optimizer = trained()
    plan = torch.optim.lr_scheduler.StepLR(optimizer, 3)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 4)), batch_size=2)
    accelerator = Accelerator(cpu=True)
    prepared = accelerator.prepare(module, optimizer, plan, loader)
    accelerator.save_state(os.path.join(out, "safe"))
    accelerator.save_state(os.path.join(out, "pickled"), safe_serialization=False)
    accelerator.save_model(prepared[0], os.path.join(out, "model"))


def metrics(out):
    import torchmetrics
    torch.save(torchmetrics.MetricCollection([torchmetrics.MeanSquaredError(), torchmetrics.R2Score()]).state_dict(), os.path.join(out, "metrics.state.pt"))
    torch.save([torchmetrics.MeanSquaredError(), torchmetrics.Accuracy("multiclass", num_classes=3)], os.path.join(out, "metrics.pt"))


KINDS = (state_dicts, tensor_kinds, modules, vision, checkpoints, scripts, exports, packages, distributed, transformers_models,
         trainer_run, adapters, sentence_models, lightning_checkpoints, accelerate_state, metrics)

if __name__ == "__main__":
    kinds.write(KINDS)
