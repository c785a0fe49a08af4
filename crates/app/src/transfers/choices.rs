//! What a person chooses from when two Parties have agreed between themselves.

use domain::access::{Action as Permission, Actor};
use domain::offers::Specification;
use store::transfers as rows;

use crate::{App, Result};

/// The device models of the inventory as a transfer agrees on them, each once and without a region,
/// with its firmware versions.
pub fn device_models(app: &App, actor: &Actor) -> Result<Vec<(Specification, Vec<String>)>> {
    actor.must(Permission::AgreeTransfers)?;
    let mut tx = app.db.read()?;
    let mut models: Vec<(Specification, Vec<String>)> = Vec::new();
    for model in rows::models(&mut tx)? {
        let specification = Specification {
            manufacturer: model.manufacturer,
            model: model.model,
            han_variant: model.han_variant,
            wan_variant: model.wan_variant,
            region: String::new(),
        };
        match models.iter_mut().find(|(known, _)| *known == specification) {
            Some((_, versions)) => versions.push(model.firmware_version),
            None => models.push((specification, vec![model.firmware_version])),
        }
    }
    for (_, versions) in &mut models {
        versions.sort();
        versions.dedup();
    }
    models.sort_by(|(a, _), (b, _)| a.parts().cmp(&b.parts()));
    Ok(models)
}
