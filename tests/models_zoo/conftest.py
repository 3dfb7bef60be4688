"""Tests of networks compute on one thread each: parallel workers would wait for each other's."""

import torch

torch.set_num_threads(1)
