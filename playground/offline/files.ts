/** A file of the built page. */
export interface PageFile {
  /** Below the folder of the page; that folder itself, `./`, is the page. */
  path: string;
  /** As in Subresource Integrity. */
  integrity: string;
}
