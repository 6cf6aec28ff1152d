/** Tells whether a text could name a model on the Hugging Face hub, `owner/model` or `model`; it may be a folder as well. */
export function isHubName(text: string): boolean {
  return /^([A-Za-z0-9][\w.-]*\/)?[A-Za-z0-9][\w.-]*$/.test(text) && !/--|\.\./.test(text) && text.length <= 96;
}
