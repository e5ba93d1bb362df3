-- What the program reads first: it is the same in all versions of the schema.
CREATE TABLE store (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version integer NOT NULL, -- of the schema
    needs text NOT NULL, -- the first version of tokentui that can use it
    fingerprint text NOT NULL -- of the key of the audit log
);
