//! Events.

use decide::hash;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::Api;
use kube::api::PostParams;
use serde_json::json;

use crate::error::Error;
use crate::writer::{FIELD_MANAGER, Writer};

/// The longest text of an Event, in characters.
const MAX_NOTE: usize = 1000;

/// The namespace of Events about objects without a namespace.
const OF_CLUSTER: &str = "default";

/// The content of an Event.
#[derive(Debug)]
pub struct Note<'a> {
    /// The object that it is about.
    pub regarding: ObjectReference,
    /// When it happened.
    pub time: Timestamp,
    /// What was done.
    pub action: &'a str,
    /// The reason, one word.
    pub reason: &'a str,
    /// The reason, a sentence.
    pub note: &'a str,
    /// Whether somebody has to act.
    pub is_warning: bool,
}

impl Note<'_> {
    /// The Event. Its name follows from its content, so that the same Event exists only once.
    fn event(&self) -> Option<Event> {
        let Self { regarding, time, action, reason, note, is_warning } = self;
        let namespace = regarding.namespace.clone().unwrap_or_else(|| OF_CLUSTER.to_owned());
        let name = regarding.name.as_ref()?;
        let identity = json!([regarding.uid, action, is_warning, time.to_string()]);
        let digest = hash::of_bytes(identity.to_string().as_bytes());
        Some(Event {
            metadata: ObjectMeta {
                name: Some(format!("{name}.{}", digest.get(..16).unwrap_or_default())),
                namespace: Some(namespace),
                ..ObjectMeta::default()
            },
            event_time: Some(MicroTime(*time)),
            action: Some((*action).to_owned()),
            reason: Some((*reason).to_owned()),
            note: Some(note.chars().take(MAX_NOTE).collect()),
            type_: Some(if *is_warning { "Warning" } else { "Normal" }.to_owned()),
            regarding: Some(regarding.clone()),
            reporting_controller: Some(FIELD_MANAGER.to_owned()),
            reporting_instance: Some(FIELD_MANAGER.to_owned()),
            ..Event::default()
        })
    }
}

impl Writer {
    /// Writes an Event. Repeated calls write it only once.
    ///
    /// # Errors
    /// If the API server refuses it.
    pub async fn note(&self, note: &Note<'_>) -> Result<(), Error> {
        let Some(event) = note.event() else { return Ok(()) };
        let namespace = event.metadata.namespace.as_deref().unwrap_or_default();
        let events = Api::<Event>::namespaced(self.client().clone(), namespace);
        match self.fenced(events.create(&PostParams::default(), &event)).await {
            Err(error) if error.is_already_exists() => Ok(()),
            created => created.map(drop),
        }
    }
}
