-- What is asked at each offer, agreement and run of selection must not grow with all that ever was.
CREATE INDEX offers_open ON offers (party, id)
    WHERE quantity > allocated
        AND state IN ('Submitted', 'Published', 'PartAllocated', 'FullyAllocated', 'Suspended');
CREATE INDEX transfers_undispatched ON transfers (sender, id)
    WHERE manifest IS NULL AND state IN ('Agreed', 'Confirmed', 'OnHold');
CREATE INDEX allocation_lines_given ON allocation_lines (party, run) WHERE given > 0;
