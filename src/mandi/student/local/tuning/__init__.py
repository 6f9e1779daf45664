"""Tuning: LoRA on the good answers, then on the preferences, through transformers, TRL and PEFT."""
