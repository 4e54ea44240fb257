// One small patch for each proved rule: text that stands once in the file, and what to put in its place.
export const mutants = [];
