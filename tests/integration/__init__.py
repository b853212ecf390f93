"""Every adapter, and the functions with their real wiring, against AWS as moto simulates it here."""
