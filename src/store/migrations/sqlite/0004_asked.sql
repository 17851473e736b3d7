-- Who was asked how it was, of late: nobody is asked twice in four hours, whatever the server went through.
CREATE INDEX events_rating_asked ON events (at_ms) WHERE type = 'rating_asked';
