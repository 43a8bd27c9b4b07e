"""Files and pages for researchers: the rows of closed waves, with whatever describes them."""
