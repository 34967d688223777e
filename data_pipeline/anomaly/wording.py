"""Words by which watermarks and placeholders give themselves away, in texts and in names."""

import re

# Names that designers and stock agencies write on what is only a preview. An agency's bare name is no proof.
WATERMARK = re.compile(
    r"\bwater ?marks?\b|\b(preview|sample|specimen|comp) (only|image|copy)\b|\bdo not (copy|use|distribute)\b"
    r"|\bnot for (re-?sale|(commercial )?use|distribution)\b"
    r"|(shutterstock|istock(photo)?|getty ?images|dreamstime|depositphotos|123rf|alamy|adobe ?stock|fotolia|freepik|"
    r"vecteezy|envato|bigstock(photo)?|stock ?photo)(\.com|[ _-]?(preview|comp|watermark|\d{5,}))",
    re.IGNORECASE,
)
PLACEHOLDER = re.compile(
    r"\b(place|put|insert|add|drop|paste|drag|replace|change|edit) (in |with )?(your|the|an?|this|any) (\w+ )?"
    r"(design|logo|image|images|photo|picture|artwork|art|text|screen|screenshot|content|name|title)s?( here)?\b"
    r"|\byour (own |company |brand |business )?"
    r"(design|logo|image|photo|picture|artwork|text|name|title|slogan|tagline) ?(goes )?here\b"
    r"|\bplace ?holder\b"
    r"|\b(double|dbl)[ -]?click\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")
# Cicero's words, cut up, that typesetters have filled pages with since the 1960s, and what generators add to them.
_LOREM = frozenset(
    _WORD.findall(
        """
        ac accumsan ad adipiscing adipisicing aenean aliqua aliquam aliquet aliquip amet anim ante arcu assum auctor
        augue aute bibendum blandit cillum commodo condimentum congue consectetuer consectetur consequat convallis
        cras culpa cum cupidatat curabitur cursus dapibus deserunt diam dictum dictumst dignissim do dolor dolore
        doming donec dui duis ea efficitur egestas eget eiusmod eleifend elementum elit enim erat eros esse est et
        etiam eu euismod ex excepteur exercitation facer facilisi facilisis fames faucibus felis fermentum feugiat
        finibus fringilla fugiat fusce gravida habitasse hac hendrerit iaculis id imperdiet in incididunt integer
        interdum ipsum irure justo labore laboris laborum lacinia lacus laoreet lectus leo liber libero ligula
        lobortis lorem luctus maecenas magna malesuada massa mattis mauris maximus mazim metus mi minim molestie
        mollis mollit morbi nam nec neque nibh nihil nisi nisl nobis non nonummy nostrud nulla nullam nunc occaecat
        odio officia option orci ornare pariatur pellentesque pharetra phasellus placerat platea porta porttitor
        possim posuere potenti praesent pretium primis proident proin pulvinar purus quam qui quis quisque
        reprehenderit rhoncus risus rutrum sagittis sapien scelerisque sed sem semper senectus sint sit sodales
        sollicitudin soluta sunt suscipit suspendisse tellus tempor tempus tincidunt tortor tristique turpis ullamco
        ullamcorper ultrices ultricies urna ut varius vehicula vel velit venenatis veniam vestibulum vitae vivamus
        viverra voluptate volutpat vulputate wisi
        """
    )
)
_FEWEST_WORDS = 3


def lorem_share(text: str) -> float:
    """The share of filler Latin among the words of a text; 0 for fewer than three words."""
    words = [word.lower() for word in _WORD.findall(text)]
    if len(words) < _FEWEST_WORDS:
        return 0.0
    return sum(word in _LOREM for word in words) / len(words)
