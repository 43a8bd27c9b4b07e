"""What waves and private reflection share: the path through a form, the sheet, reading and showing answers."""
