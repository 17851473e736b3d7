//! As much of JSON Schema as the description of the API uses; anything else in it is an error of the test.

use serde_json::Value;

/// Every way in which a value is not what a schema says.
pub fn problems(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    check(document, schema, value, at, &mut found);
    // What no part of the schema knows is not described. Parts of an `allOf` know only their own fields.
    let described = fields_of(document, schema);
    if let (Some(known), Some(fields)) = (described, value.as_object()) {
        let unknown = fields.keys().filter(|name| !known.contains(name));
        found.extend(unknown.map(|name| format!("{at}: {name} is not described")));
    }
    found
}

/// The fields of an object, its parts' included; `None`: it may have any.
fn fields_of<'a>(document: &'a Value, schema: &'a Value) -> Option<Vec<&'a String>> {
    let schema = resolved(document, schema);
    let open = schema
        .get("additionalProperties")
        .is_some_and(|more| more != &Value::Bool(false));
    let own = schema["properties"].as_object();
    if let Some(parts) = schema["allOf"].as_array() {
        let parts: Option<Vec<_>> = parts.iter().map(|part| fields_of(document, part)).collect();
        return parts.map(|parts| parts.into_iter().flatten().collect());
    }
    own.filter(|_| !open).map(|fields| fields.keys().collect())
}

/// What a `$ref` points to.
pub fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(place) => {
            let found = document.pointer(place.trim_start_matches('#'));
            resolved(document, found.unwrap_or_else(|| panic!("{place} leads nowhere")))
        }
        None => schema,
    }
}

const KNOWN: &[&str] = &[
    "$ref",
    "type",
    "description",
    "properties",
    "required",
    "items",
    "enum",
    "oneOf",
    "anyOf",
    "allOf",
    "format",
    "example",
    "examples",
    "additionalProperties",
    "propertyNames",
    "minimum",
    "maximum",
    "pattern",
    "default",
    "title",
    "minLength",
    "maxLength",
    "minItems",
];

fn check(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let schema = resolved(document, schema);
    if schema.is_boolean() {
        return;
    }
    let words = schema
        .as_object()
        .unwrap_or_else(|| panic!("{at}: {schema} is no schema"));
    for word in words.keys() {
        assert!(
            KNOWN.contains(&word.as_str()),
            "{at}: the test does not understand {word}"
        );
    }
    let types = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|wanted| is(value, wanted)) {
        found.push(format!("{at}: {value} is not {types:?}"));
        return;
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
        && !value.is_null()
    {
        found.push(format!("{at}: {value} is none of {allowed:?}"));
    }
    for (name, bad) in [("minimum", -1.0), ("maximum", 1.0)] {
        if let (Some(limit), Some(number)) = (schema[name].as_f64(), value.as_f64())
            && (number - limit) * bad > 0.0
        {
            found.push(format!("{at}: {number} is beyond the {name} {limit}"));
        }
    }
    let fits = |one: &Value| problems(document, one, value, at).is_empty();
    if let Some(all) = schema["allOf"].as_array() {
        all.iter().for_each(|one| check(document, one, value, at, found));
    }
    if let Some(any) = schema["anyOf"].as_array()
        && !any.iter().any(fits)
    {
        found.push(format!("{at}: {value} fits nothing of anyOf"));
    }
    if let Some(one) = schema["oneOf"].as_array()
        && one.iter().filter(|schema| fits(schema)).count() != 1
    {
        found.push(format!("{at}: {value} does not fit exactly one of {one:?}"));
    }
    if let (Some(items), Value::Array(values)) = (schema.get("items"), value) {
        for (index, value) in values.iter().enumerate() {
            found.extend(problems(document, items, value, &format!("{at}[{index}]")));
        }
    }
    if let Value::Object(fields) = value {
        members(document, schema, fields, at, found);
    }
}

fn members(
    document: &Value,
    schema: &Value,
    fields: &serde_json::Map<String, Value>,
    at: &str,
    found: &mut Vec<String>,
) {
    for name in schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        if !fields.contains_key(name) {
            found.push(format!("{at}: {name} is missing"));
        }
    }
    for (name, value) in fields {
        let schema = schema["properties"].get(name).or(schema.get("additionalProperties"));
        if let Some(schema) = schema.filter(|schema| !schema.is_boolean()) {
            let inner = problems(document, schema, value, &format!("{at}.{name}"));
            found.extend(inner);
        }
    }
}

fn is(value: &Value, wanted: &str) -> bool {
    match wanted {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    }
}
