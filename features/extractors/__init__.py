"""What turns utterances into rows of a table: statistics, openSMILE's sets, a CSV of one's own."""
