//! Functions of texts over cells that may be withheld or masked.

use super::probe::{Control::*, Kind::*, Probe, probe};

pub const PROBES: &[Probe] = &[
    probe(Text, "like", Name, "select id from t where name like '%hidden%' order by id"),
    probe(Text, "like, whatever the case", Name, "select id from t where name ilike '%HID%' order by id"),
    probe(Text, "similar to", Name, "select id from t where name similar to '.*hid(d|e).*' order by id"),
    probe(Text, "regular expression", Name, "select id from t where regexp_like(name, '^.hid') order by id"),
    probe(Text, "letters one by one", Name, "select ascii(substr(name, 1, 1)), count(*) from t group by 1 order by 1"),
    probe(Text, "counted matches", Name, "select sum(regexp_count(name, 'd')) from t"),
    probe(Text, "replaced", Name, "select string_agg(regexp_replace(name, 'n+', '-'), ',' order by id) from t"),
    probe(Text, "between", Name, "select id from t where name between '(' and ')' order by id"),
    probe(Text, "lengths", Name, "select sum(length(name)), sum(octet_length(name)), max(bit_length(name)) from t"),
    probe(Text, "how far from a guess", Name, "select min(levenshtein(name, '(hidden')) from t"),
    probe(Text, "a digest to compare", Name, "select count(*) from t where md5(name) = md5('(hidden')"),
    probe(Text, "digests", Name, "select encode(sha256(name), 'hex') from t order by 1"),
    probe(Text, "place in a set", Name, "select max(find_in_set(name, 'annaab,x,(hidden')) from t"),
    probe(Text, "the left and the right", Name, "select distinct left(name, 2), right(name, 2) from t order by 1, 2"),
    probe(Text, "in capitals", Name, "select min(upper(name)), min(initcap(name)) from t"),
    probe(Text, "cut in pieces", Name, "select count(*) from (select unnest(string_to_array(name, 'd')) from t)"),
    probe(Text, "a text made of a number", X, "select string_agg(to_hex(x), ',' order by id) from t"),
    probe(Text, "padded by a number", X, "select id, length(rpad('', x + 1, 'ab')) from t where x < 100 order by id"),
    probe(Text, "a pattern built from cells", Row, "select count(*) from t a join t b on a.name like b.name || '%'"),
    probe(Text, "days as texts", Day, "select id, split_part(day, '-', 2) from t order by id"),
];
