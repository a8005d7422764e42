/** Stands in for `react-native` where an existing client asks which platform it is on. */
export const Platform = { OS: "android" };
