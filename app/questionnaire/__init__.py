"""What waves and private reflection share: a path through a form, a sheet, reading and showing answers."""
