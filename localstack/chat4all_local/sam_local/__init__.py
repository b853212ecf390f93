"""`sam local` on Docker, against a local cloud, also where no image can be pulled."""
