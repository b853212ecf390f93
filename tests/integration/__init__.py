"""Every adapter, and the functions as they are wired, against AWS as moto plays it in this process."""
