# In comments, names in angle brackets are placeholders and not HTML tags.
/\/\/\// s/<([a-z_ ]+)>/\&lt;\1\&gt;/g
