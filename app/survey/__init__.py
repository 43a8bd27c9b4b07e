"""Taking part in a wave: entering a code, answering, saving a draft, sending, erasing."""
