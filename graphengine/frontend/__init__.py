"""What users write: functions, variables, sessions, optimizers."""
